// Dense convolutions with fewer multiplications against plain sums.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

typedef struct {
  crisp_winograd_layer layer;
  crisp_winograd_operands operands;
  const float *weights;
} winograd_case;

static size_t image_floats(crisp_plane plane) {
  return (plane.height - 1) * plane.pitch + plane.width * plane.cell;
}

static void compare_image(const winograd_case *check, size_t image, size_t output) {
  const crisp_winograd_layer *layer = &check->layer;
  const crisp_winograd_operands *operands = &check->operands;
  const crisp_window window = layer->window;
  const crisp_plane in = layer->input, out = layer->result;
  const size_t taps = window.kernel_height * window.kernel_width;
  const size_t start = image * operands->output_image + output * operands->output_stride;
  for (size_t at = 0; at < image_floats(out); at++) {
    const size_t y = at / out.pitch, x = at % out.pitch / out.cell, lane = at % out.cell;
    if (x >= out.width) {
      expect(operands->output[start + at] == UNTOUCHED, "between rows");
      continue;
    }
    double sum = layer->bias[output];
    for (size_t k = 0; k < layer->channels * taps; k++) {
      const size_t iy = y * window.stride_height + k % taps / window.kernel_width - window.top;
      const size_t ix = x * window.stride_width + k % window.kernel_width - window.left;
      // Before the image, a number is beyond it too.
      if (iy >= in.height || ix >= in.width) continue;
      sum += (double)check->weights[output * layer->channels * taps + k] *
          operands->input
              [image * operands->input_image + k / taps * operands->input_stride + iy * in.pitch +
               ix * in.cell + lane];
    }
    if (operands->residual)
      sum += operands->residual[image * operands->output_image + output * operands->residual_stride + at];
    // The transforms round more than plain sums do.
    expect_near(
        operands->output[start + at], clamped_sum(sum, operands->lower, operands->upper),
        10 + (double)(layer->channels * taps) / 4, "a transformed convolution");
  }
}

static void check_window(const crisp_kernels *kernels, crisp_window window, size_t cell) {
  crisp_winograd_layer layer = {
      .window = window,
      .input = {8 + below(15), 8 + below(15), 0, cell},
      .channels = 1 + below(12),
      .outputs = 1 + below(40),
  };
  layer.input.pitch = (layer.input.width + below(3)) * cell;
  layer.result.height =
      (layer.input.height + 2 * window.top - window.kernel_height) / window.stride_height + 1;
  layer.result.width =
      (layer.input.width + 2 * window.left - window.kernel_width) / window.stride_width + 1;
  layer.result.pitch = (layer.result.width + below(3)) * cell;
  layer.result.cell = cell;
  crisp_winograd_describe(&layer);
  if (!expect(layer.points > 0, "a transform")) return;
  const size_t images = 1 + below(3), taps = window.kernel_height * window.kernel_width;
  float *weights = random_floats(layer.outputs * layer.channels * taps);
  float *transformed = exactly(
      layer.points * rounded_up(layer.outputs, 4) * layer.columns * sizeof(float));
  int32_t *offsets = exactly(layer.columns * sizeof(int32_t));
  crisp_winograd_weights(&layer, weights, transformed);
  crisp_winograd_offsets(&layer, offsets);
  float *bias = random_floats(layer.outputs);
  layer.weights = transformed;
  layer.bias = bias;
  layer.offsets = offsets;
  crisp_winograd_operands operands = {
      .input_stride = image_floats(layer.input) + below(5),
      .output_stride = image_floats(layer.result) + below(5),
      .lower = below(2) ? -1 : -INFINITY,
      .upper = below(2) ? 1 : INFINITY,
      .images = images,
  };
  operands.input_image = layer.channels * operands.input_stride;
  operands.output_image = layer.outputs * operands.output_stride;
  operands.residual_stride = operands.output_stride;
  const size_t output_count = images * operands.output_image;
  float *input = random_floats(images * operands.input_image);
  // The last vector of a residual's row is read as a whole.
  float *residual = random_floats(output_count + kernels->lanes);
  operands.input = input;
  operands.residual = below(2) ? residual : 0;
  const crisp_scratch_sizes sizes = crisp_winograd_scratch(&layer);
  float *first = 0;
  for (size_t parts = 1; parts <= 3; parts++) {
    float *output = filled_floats(output_count, UNTOUCHED);
    operands.output = output;
    for (size_t part = 0; part < parts; part++) {
      const crisp_scratch scratch = {
          filled_floats(sizes.values, NAN), 0, filled_floats(sizes.panel, NAN)};
      crisp_winograd(kernels, &layer, &operands, part, parts, &scratch);
      free(scratch.values), free(scratch.panel);
    }
    if (!first) {
      first = output;
      const winograd_case check = {layer, operands, weights};
      for (size_t image = 0; image < images; image++)
        for (size_t o = 0; o < layer.outputs; o++) compare_image(&check, image, o);
    } else {
      // The parts do not change a bit.
      expect(!memcmp(output, first, output_count * sizeof(float)), "other parts");
      free(output);
    }
  }
  free(first), free(weights), free(transformed), free(offsets), free(bias), free(input);
  free(residual);
}

void check_winograd(const crisp_kernels *kernels) {
  static const crisp_window windows[] = {
      {3, 3, 1, 1, 1, 1}, {3, 3, 1, 1, 0, 0}, {5, 5, 2, 2, 2, 2}, {7, 7, 2, 2, 3, 3}};
  static const size_t cells[] = {1, 4, 16};
  for (size_t i = 0; i < 36; i++) check_window(kernels, windows[i % 4], cells[i / 4 % 3]);
}
