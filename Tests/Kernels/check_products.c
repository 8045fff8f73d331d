// Whole layers against sums over the weights written out.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

typedef struct {
  float *input, *residual;
  int32_t *mask;
  size_t output_count, span;
  crisp_operands operands;
} task;

static task random_task(
    const crisp_kernels *kernels, const check_layer *layer, int single) {
  task task = {0};
  crisp_runs runs = {1, 0, 1, 0, 1};
  if (!single) {
    runs.length = 1 + below(kernels->lanes * (below(4) ? 3 : 14));
    const size_t whole = rounded_up(runs.length, kernels->lanes);
    runs.inner = 1 + below(2);
    runs.inner_stride = whole + below(5);
    runs.outer = 1 + below(3);
    runs.outer_stride = runs.inner * runs.inner_stride + below(5);
  }
  task.span = (runs.outer - 1) * runs.outer_stride + (runs.inner - 1) * runs.inner_stride +
      (single ? 1 : rounded_up(runs.length, kernels->lanes));
  const size_t stride = task.span + below(4);
  task.output_count = (layer->padded_outputs - 1) * stride + task.span;
  task.input = random_floats(layer->before + layer->beyond + task.span);
  task.residual = random_floats(task.output_count);
  task.mask = random_mask(task.span);
  task.operands = (crisp_operands){
      .input = task.input + layer->before,
      .output_stride = stride,
      .residual = below(2) ? task.residual : 0,
      .residual_stride = stride,
      // A plan that dots has no mask.
      .mask = single || below(2) ? 0 : task.mask,
      .lower = below(2) ? -0.75f : -INFINITY,
      .upper = below(2) ? 1.5f : INFINITY,
      .runs = runs,
  };
  return task;
}

static void free_task(task *task) {
  free(task->input), free(task->residual), free(task->mask);
}

// All parts one after the other, each with scratch of its own that holds no numbers.
static float *multiplied(
    const crisp_kernels *kernels, const check_layer *layer, const crisp_plan *plan, const task *task,
    size_t parts) {
  float *output = filled_floats(task->output_count, UNTOUCHED);
  crisp_operands operands = task->operands;
  operands.output = output;
  const crisp_scratch_sizes sizes = crisp_scratch_needed(kernels, &layer->matrix, plan);
  for (size_t part = 0; part < parts; part++) {
    const crisp_scratch scratch = {
        filled_floats(sizes.values, NAN), exactly(sizes.offsets * sizeof(int32_t)),
        filled_floats(sizes.panel, NAN)};
    crisp_multiply(kernels, &layer->matrix, plan, &operands, part, parts, &scratch);
    free(scratch.values), free(scratch.offsets), free(scratch.panel);
  }
  return output;
}

static void compare(
    const crisp_kernels *kernels, const check_layer *layer, const task *task,
    const float *output) {
  const crisp_operands *operands = &task->operands;
  const crisp_runs *runs = &operands->runs;
  const crisp_matrix *matrix = &layer->matrix;
  const size_t per_division = matrix->outputs / matrix->divisions;
  // What a run's last vector may touch.
  const size_t whole = rounded_up(runs->length, kernels->lanes);
  uint8_t *touched = exactly(task->span);
  memset(touched, 0, task->span);
  for (size_t run = 0; run < runs->outer * runs->inner; run++) {
    const size_t start = run / runs->inner * runs->outer_stride + run % runs->inner * runs->inner_stride;
    memset(touched + start, 1, task->span - start < whole ? task->span - start : whole);
    for (size_t o = 0; o < matrix->outputs; o++) {
      const float *input = operands->input + o / per_division * matrix->division_stride;
      for (size_t p = start; p < start + runs->length; p++) {
        double sum = matrix->bias[o];
        for (size_t c = 0; c < matrix->columns; c++) {
          const float weight = layer->weights[o * matrix->columns + c];
          if (weight != 0) sum += (double)weight * input[matrix->column_offsets[c] + (ptrdiff_t)p];
        }
        if (operands->residual) sum += operands->residual[o * operands->residual_stride + p];
        sum = clamped_sum(sum, operands->lower, operands->upper);
        if (operands->mask && !operands->mask[p]) sum = 0;
        if (!expect_near(
                output[o * operands->output_stride + p], sum, 4 + (double)matrix->columns / 4,
                "a product"))
          goto end;
      }
    }
  }
  for (size_t o = 0; o < layer->padded_outputs; o++)
    for (size_t p = 0; p < task->span; p++)
      if (!touched[p])
        expect(output[o * operands->output_stride + p] == UNTOUCHED, "between runs");
end:
  free(touched);
}

static void check_layer_products(const crisp_kernels *kernels, const check_layer *layer, int dots) {
  const crisp_matrix *matrix = &layer->matrix;
  task task = random_task(kernels, layer, dots);
  float *first = 0;
  for (size_t trial = 0; trial < 5; trial++) {
    const crisp_plan plan = {
        .vectors = 1 + below(kernels->widest[matrix->rows / 2]),
        .depth = 1 + below(matrix->dense ? matrix->columns : matrix->kept_tiles),
        .packs = !matrix->dense && below(2),
        .strip = 1 + below(40),
        .dots = dots,
    };
    float *output = multiplied(kernels, layer, &plan, &task, 1 + trial);
    // Neither the plan nor the parts change a bit.
    if (first)
      expect(!memcmp(output, first, task.output_count * sizeof(float)), "another plan");
    if (first) {
      free(output);
    } else {
      first = output;
      compare(kernels, layer, &task, output);
    }
  }
  free(first);
  free_task(&task);
}

void check_products(const crisp_kernels *kernels) {
  for (size_t i = 0; i < 3 * 4 * 3 * 3 * 3; i++) {
    layer_shape shape = {
        .outputs = 1 + below(100),
        .columns = 1 + below(200),
        .rows = (size_t)1 << i / 4 % 3,
        .block = (size_t)8 << i % 4,
        .keep = 1 + i / 12 % 3,
        .value_size = (size_t)1 << i / 36 % 3,
        .order = i / 108,
    };
    check_layer layer = packed_layer(shape);
    check_layer_products(kernels, &layer, 0);
    check_layer_products(kernels, &layer, 1);
    free_layer(&layer);

    const size_t divisions = i % 5 == 0 ? 1 + below(4) : 1;
    shape.outputs = divisions > 1 ? divisions * shape.rows * (1 + below(5)) : shape.outputs;
    check_layer dense = dense_layer(shape, divisions);
    check_layer_products(kernels, &dense, 0);
    free_layer(&dense);
  }
}
