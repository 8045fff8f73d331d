// Pooling over one plane. A window is first reduced over its rows, which vectorises whatever the
// stride, then over its columns.
#include <string.h>

#include "crisp_kernels.h"

typedef struct {
  size_t begin, end;
} span;

// The part of a window at output index `at` that lies on the image.
static span clipped(size_t at, size_t stride, size_t kernel, size_t padding, size_t size) {
  const size_t start = at * stride, stop = start + kernel;
  span result = {start > padding ? start - padding : 0, stop > padding ? stop - padding : 0};
  if (result.end > size) result.end = size;
  return result;
}

typedef enum { MAXIMUM, MEAN, PADDED_MEAN } reduction;

static void pool(
    const float *input, crisp_plane plane, float *output, crisp_plane result, crisp_window window,
    float *row, reduction kind) {
  const int mean = kind != MAXIMUM;
  const size_t cell = plane.cell, width = plane.width * cell;
  for (size_t y = 0; y < result.height; y++) {
    const span rows =
        clipped(y, window.stride_height, window.kernel_height, window.top, plane.height);
    memcpy(row, input + rows.begin * plane.pitch, width * sizeof(float));
    for (size_t r = rows.begin + 1; r < rows.end; r++) {
      const float *from = input + r * plane.pitch;
      if (mean) {
        for (size_t i = 0; i < width; i++) row[i] += from[i];
      } else {
        for (size_t i = 0; i < width; i++) row[i] = from[i] > row[i] ? from[i] : row[i];
      }
    }
    for (size_t x = 0; x < result.width; x++) {
      const span columns =
          clipped(x, window.stride_width, window.kernel_width, window.left, plane.width);
      float *to = output + y * result.pitch + x * cell;
      for (size_t i = 0; i < cell; i++) {
        float value = row[columns.begin * cell + i];
        for (size_t c = columns.begin + 1; c < columns.end; c++) {
          const float next = row[c * cell + i];
          value = mean ? value + next : next > value ? next : value;
        }
        if (kind == MEAN) {
          value /= (float)((rows.end - rows.begin) * (columns.end - columns.begin));
        } else if (kind == PADDED_MEAN) {
          value /= (float)(window.kernel_height * window.kernel_width);
        }
        to[i] = value;
      }
    }
  }
}

void crisp_max_pool(
    const float *input, crisp_plane plane, float *output, crisp_plane result, crisp_window window,
    float *row) {
  pool(input, plane, output, result, window, row, MAXIMUM);
}

void crisp_average_pool(
    const float *input, crisp_plane plane, float *output, crisp_plane result, crisp_window window,
    float *row) {
  pool(input, plane, output, result, window, row, MEAN);
}

void crisp_padded_average_pool(
    const float *input, crisp_plane plane, float *output, crisp_plane result, crisp_window window,
    float *row) {
  pool(input, plane, output, result, window, row, PADDED_MEAN);
}

void crisp_global_average(const float *input, crisp_plane plane, float *output) {
  const float scale = 1.0f / (float)(plane.height * plane.width);
  for (size_t i = 0; i < plane.cell; i++) output[i] = 0;
  for (size_t y = 0; y < plane.height; y++) {
    const float *row = input + y * plane.pitch;
    if (plane.cell == 1) {
      float sum = 0;
      for (size_t x = 0; x < plane.width; x++) sum += row[x];
      output[0] += sum;
    } else {
      for (size_t x = 0; x < plane.width; x++)
        for (size_t i = 0; i < plane.cell; i++) output[i] += row[x * plane.cell + i];
    }
  }
  for (size_t i = 0; i < plane.cell; i++) output[i] *= scale;
}
