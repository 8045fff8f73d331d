// Moving activations between layouts.
#include <string.h>

#include "crisp_kernels.h"

void crisp_pool(
    const crisp_kernels *kernels, crisp_pooling pooling, const float *input, crisp_plane plane,
    float *output, crisp_plane result, crisp_window window, float *row) {
  kernels->pool(pooling, input, plane, output, result, window, row);
}

size_t crisp_pool_scratch(crisp_plane plane, crisp_plane result, crisp_window window) {
  const size_t image = plane.width * plane.cell + window.left;
  const size_t windows = (result.width - 1) * window.stride_width + window.kernel_width;
  // Whole vectors of the widest kind are read, two of them at a stride of two.
  return (image > windows ? image : windows) + 64;
}

void crisp_pick_cells(
    const crisp_kernels *kernels, const float *input, crisp_plane plane, size_t first_row,
    size_t first_column, size_t stride_height, size_t stride_width, float *output,
    crisp_plane result) {
  kernels->pick(
      input, plane, first_row, first_column, stride_height, stride_width, output, result);
}

void crisp_split(
    const crisp_kernels *kernels, const float *input, crisp_plane plane, size_t first_row,
    float *even, float *odd, crisp_plane result) {
  kernels->split(input, plane, first_row, even, odd, result);
}

void crisp_pad(
    const float *input, crisp_plane plane, size_t top, size_t left, float *output,
    crisp_plane result) {
  const size_t before = left * plane.cell, filled = plane.width * plane.cell;
  const size_t all = result.width * result.cell;
  for (size_t y = 0; y < result.height; y++) {
    float *to = output + y * result.pitch;
    if (y < top || y - top >= plane.height) {
      memset(to, 0, all * sizeof(float));
      continue;
    }
    memset(to, 0, before * sizeof(float));
    memcpy(to + before, input + (y - top) * plane.pitch, filled * sizeof(float));
    memset(to + before + filled, 0, (all - before - filled) * sizeof(float));
  }
}

void crisp_interleave(
    const float *input, size_t image_stride, size_t images, float *output, crisp_plane result) {
  const size_t cell = result.cell;
  for (size_t y = 0; y < result.height; y++) {
    const float *from = input + y * result.width;
    float *to = output + y * result.pitch;
    if (cell == 1) {
      memcpy(to, from, result.width * sizeof(float));
      continue;
    }
    for (size_t x = 0; x < result.width; x++) {
      for (size_t i = 0; i < images; i++) to[x * cell + i] = from[i * image_stride + x];
      for (size_t i = images; i < cell; i++) to[x * cell + i] = 0;
    }
  }
}
