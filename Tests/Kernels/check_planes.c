// Depthwise filters, pooling, and moving planes.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void check_filter(
    const crisp_kernels *kernels, size_t side, size_t rows, size_t length) {
  const size_t whole = rounded_up(length, kernels->lanes), row_stride = whole + below(9);
  const size_t reach = (side + rows - 2) * row_stride + 100 + whole;
  const size_t span = (rows - 1) * row_stride + whole;
  float *input = random_floats(reach), *values = random_floats(side * side);
  float *residual = random_floats(span), *output = filled_floats(span, UNTOUCHED);
  int32_t *mask = random_mask(span), *offsets = exactly(side * side * sizeof(int32_t));
  // As far apart as the phases of a strided convolution.
  for (size_t x = 0; x < side; x++) offsets[x] = (int32_t)below(101) - 50;
  offsets[below(side)] = 50;
  for (size_t i = side; i < side * side; i++)
    offsets[i] = offsets[i - side] + (int32_t)row_stride;
  const crisp_depthwise task = {
      .input = input + 50,
      .offsets = offsets,
      .values = values,
      .height = side,
      .width = side,
      .bias = uniform(),
      .output = output,
      .residual = below(2) ? residual : 0,
      .mask = below(2) ? mask : 0,
      .lower = below(2) ? -1 : -INFINITY,
      .upper = below(2) ? 1 : INFINITY,
      .rows = rows,
      .row_stride = row_stride,
      .length = length,
  };
  kernels->depthwise(&task);
  for (size_t at = 0; at < span; at++) {
    const size_t row = at / row_stride, p = at % row_stride;
    if (p >= whole) {
      expect(output[at] == UNTOUCHED, "between a filter's rows");
      continue;
    }
    double sum = task.bias;
    for (size_t k = 0; k < side * side; k++)
      sum += (double)values[k] * input[50 + offsets[k] + (ptrdiff_t)(row * row_stride + p)];
    if (task.residual) sum += residual[at];
    sum = clamped_sum(sum, task.lower, task.upper);
    expect_near(output[at], task.mask && !mask[at] ? 0 : sum, 10, "a filter");
  }
  free(input), free(values), free(residual), free(output), free(mask), free(offsets);
}

void check_depthwise(const crisp_kernels *kernels) {
  for (size_t side = 3; side <= 5; side += 2)
    for (size_t rows = 1; rows <= 4; rows++)
      for (size_t length = 1; length <= 3 * kernels->lanes + 1; length++)
        check_filter(kernels, side, rows, length);
}

static crisp_plane random_plane(size_t cell) {
  crisp_plane plane = {.height = 1 + below(9), .width = 1 + below(45), .cell = cell};
  plane.pitch = (plane.width + below(4)) * cell;
  return plane;
}

static size_t plane_floats(crisp_plane plane) {
  return (plane.height - 1) * plane.pitch + plane.width * plane.cell;
}

static double pooled(
    crisp_pooling pooling, const float *input, crisp_plane plane, crisp_window window, size_t y,
    size_t x, size_t i) {
  double result = pooling == CRISP_MAXIMUM ? -INFINITY : 0;
  size_t count = 0;
  for (size_t ky = 0; ky < window.kernel_height; ky++) {
    for (size_t kx = 0; kx < window.kernel_width; kx++) {
      const size_t iy = y * window.stride_height + ky - window.top;
      const size_t ix = x * window.stride_width + kx - window.left;
      // Before the plane, a number is beyond it too.
      if (iy >= plane.height || ix >= plane.width) continue;
      const float value = input[iy * plane.pitch + ix * plane.cell + i];
      result = pooling == CRISP_MAXIMUM ? fmax(result, value) : result + value;
      count++;
    }
  }
  if (pooling == CRISP_MEAN) result /= (double)count;
  if (pooling == CRISP_PADDED_MEAN)
    result /= (double)(window.kernel_height * window.kernel_width);
  return result;
}

static void check_pool(const crisp_kernels *kernels, crisp_pooling pooling, size_t cell) {
  crisp_plane plane = random_plane(cell);
  crisp_window window = {
      1 + below(5), 1 + below(5), 1 + below(3), 1 + below(3), 0, 0};
  // Every window has a pixel.
  window.top = below(window.kernel_height);
  window.left = below(window.kernel_width);
  const size_t bottom = below(window.kernel_height), right = below(window.kernel_width);
  if (plane.height + window.top + bottom < window.kernel_height) return;
  if (plane.width + window.left + right < window.kernel_width) return;
  if (plane.height + window.top < window.kernel_height && bottom >= plane.height + window.top)
    return;
  crisp_plane result = {
      .height = (plane.height + window.top + bottom - window.kernel_height) / window.stride_height + 1,
      .width = (plane.width + window.left + right - window.kernel_width) / window.stride_width + 1,
      .cell = cell,
  };
  result.pitch = (result.width + below(3)) * cell;
  float *input = random_floats(plane_floats(plane));
  float *output = filled_floats(plane_floats(result), UNTOUCHED);
  float *row = filled_floats(crisp_pool_scratch(plane, result, window), NAN);
  crisp_pool(kernels, pooling, input, plane, output, result, window, row);
  for (size_t at = 0; at < plane_floats(result); at++) {
    const size_t y = at / result.pitch, x = at % result.pitch;
    if (x >= result.width * cell)
      expect(output[at] == UNTOUCHED, "between pooled rows");
    else
      expect_near(
          output[at], pooled(pooling, input, plane, window, y, x / cell, x % cell), 4, "a pool");
  }
  free(input), free(output), free(row);
}

static void check_global_mean(const crisp_kernels *kernels, size_t cell) {
  const crisp_plane plane = random_plane(cell), result = {1, 1, cell, cell};
  const size_t count = plane_floats(plane);
  float *input = random_floats(count), *output = filled_floats(cell, UNTOUCHED);
  // Gaps are zeros.
  for (size_t at = 0; at < count; at++)
    if (at % plane.pitch >= plane.width * cell) input[at] = 0;
  const crisp_window window = {0};
  crisp_pool(kernels, CRISP_GLOBAL_MEAN, input, plane, output, result, window, 0);
  for (size_t i = 0; i < cell; i++) {
    double sum = 0;
    for (size_t at = i; at < count; at += cell) sum += input[at];
    expect_near(output[i], sum / (double)(plane.height * plane.width), 4, "a global mean");
  }
  free(input), free(output);
}

static float cell_or_zero(
    const float *input, crisp_plane plane, size_t y, size_t x, size_t i) {
  return y < plane.height && x < plane.width ? input[y * plane.pitch + x * plane.cell + i] : 0;
}

// Compares an output with cells (first + stride * output's) of the input.
static void expect_cells(
    const float *output, crisp_plane result, const float *input, crisp_plane plane, size_t top,
    size_t left, size_t stride_height, size_t stride_width, const char *what) {
  for (size_t at = 0; at < plane_floats(result); at++) {
    const size_t y = at / result.pitch, x = at % result.pitch;
    const float expected = x >= result.width * result.cell
        ? UNTOUCHED
        : cell_or_zero(
              input, plane, y * stride_height + top, x / result.cell * stride_width + left,
              x % result.cell);
    expect(output[at] == expected, what);
  }
}

static void check_moves(const crisp_kernels *kernels, size_t cell) {
  const crisp_plane plane = random_plane(cell);
  const crisp_plane result = random_plane(cell);
  float *input = random_floats(plane_floats(plane));
  float *output = filled_floats(plane_floats(result), UNTOUCHED);
  const size_t first_row = below(4), first_column = below(4);
  const size_t stride_height = 1 + below(3), stride_width = 1 + below(3);
  crisp_pick_cells(
      kernels, input, plane, first_row, first_column, stride_height, stride_width, output, result);
  expect_cells(
      output, result, input, plane, first_row, first_column, stride_height, stride_width,
      "picked cells");
  free(output);

  crisp_plane padded = plane;
  const size_t top = below(4), left = below(4);
  padded.height += top + below(3);
  padded.width += left + below(3);
  padded.pitch = (padded.width + below(3)) * cell;
  output = filled_floats(plane_floats(padded), UNTOUCHED);
  crisp_pad(input, plane, top, left, output, padded);
  // Before the plane, a number is beyond it too.
  expect_cells(output, padded, input, plane, 0 - top, 0 - left, 1, 1, "padded cells");
  free(output);
  free(input);
}

static void check_split(const crisp_kernels *kernels) {
  const crisp_plane plane = random_plane(1);
  crisp_plane result = random_plane(1);
  // Vectors are read in pairs: one float beyond the plane, which belongs to the margin.
  float *input = random_floats(plane_floats(plane) + 1);
  const size_t first_row = below(3), which = below(3);
  float *even = filled_floats(plane_floats(result), UNTOUCHED);
  float *odd = filled_floats(plane_floats(result), UNTOUCHED);
  crisp_split(kernels, input, plane, first_row, which == 1 ? 0 : even, which == 2 ? 0 : odd, result);
  if (which != 1) expect_cells(even, result, input, plane, first_row, 0, 2, 2, "even columns");
  if (which != 2) expect_cells(odd, result, input, plane, first_row, 1, 2, 2, "odd columns");
  free(input), free(even), free(odd);
}

static void check_interleaving(size_t cell) {
  crisp_plane result = random_plane(cell);
  const size_t images = 1 + below(cell);
  const size_t image_stride = result.height * result.width + below(3);
  const size_t count = (images - 1) * image_stride + result.height * result.width;
  float *input = random_floats(count), *output = filled_floats(plane_floats(result), UNTOUCHED);
  crisp_interleave(input, image_stride, images, output, result);
  for (size_t at = 0; at < plane_floats(result); at++) {
    const size_t y = at / result.pitch, x = at % result.pitch, i = x % cell;
    float expected = UNTOUCHED;
    if (x < result.width * cell)
      expected = i < images ? input[i * image_stride + y * result.width + x / cell] : 0;
    expect(output[at] == expected, "interleaved images");
  }
  free(input), free(output);
}

void check_planes(const crisp_kernels *kernels) {
  static const size_t cells[] = {1, 1, 4, 16};
  for (size_t i = 0; i < 1000; i++) {
    const size_t cell = cells[i % 4];
    check_pool(kernels, (crisp_pooling)(i / 4 % 3), cell);
    check_global_mean(kernels, cell);
    check_moves(kernels, cell);
    check_split(kernels);
    check_interleaving(cell);
  }
}
