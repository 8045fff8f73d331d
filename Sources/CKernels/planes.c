// Moving activations between layouts.
#include <string.h>

#include "crisp_kernels.h"

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// Cells first, first + stride, ... below `size`.
static size_t picked(size_t size, size_t first, size_t stride) {
  return first < size ? (size - first + stride - 1) / stride : 0;
}

void crisp_pick_cells(
    const float *input, crisp_plane plane, size_t first_row, size_t first_column,
    size_t stride_height, size_t stride_width, float *output, crisp_plane result) {
  const size_t height = smaller(result.height, picked(plane.height, first_row, stride_height));
  const size_t width = smaller(result.width, picked(plane.width, first_column, stride_width));
  const size_t cell = plane.cell;
  for (size_t y = 0; y < result.height; y++) {
    float *to = output + y * result.pitch;
    const size_t filled = y < height ? width : 0;
    const float *from =
        input + (first_row + y * stride_height) * plane.pitch + first_column * cell;
    if (stride_width == 1) {
      if (filled) memcpy(to, from, filled * cell * sizeof(float));
    } else if (cell == 1) {
      for (size_t x = 0; x < filled; x++) to[x] = from[x * stride_width];
    } else {
      for (size_t x = 0; x < filled; x++) {
        memcpy(to + x * cell, from + x * stride_width * cell, cell * sizeof(float));
      }
    }
    memset(to + filled * cell, 0, (result.width - filled) * cell * sizeof(float));
  }
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
