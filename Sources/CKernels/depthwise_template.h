// Depthwise convolution; a part of kernel_template.h.

// One vector of positions in each of `rows` output rows. `rows`, `height` and `width` are constants at
// every call.
KERNEL_TARGET INLINE void depthwise_vector(
    const crisp_depthwise *task, size_t position, const int rows, const int height,
    const int width) {
  vector sum[4];
  UNROLL for (int r = 0; r < rows; r++) sum[r] = splat(task->bias);
  UNROLL for (int y = 0; y < rows + height - 1; y++) {
    // Input row y serves output row r as kernel row y - r.
    const size_t shift = y < height ? 0 : y - height + 1;
    const int32_t *offsets = task->offsets + (y < height ? y : height - 1) * width;
    UNROLL for (int x = 0; x < width; x++) {
      const vector in = load(task->input + position + shift * task->row_stride + offsets[x]);
      UNROLL for (int r = 0; r < rows; r++) {
        const int row = y - r;
        if (row >= 0 && row < height) sum[r] += splat(task->values[row * width + x]) * in;
      }
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    const size_t at = position + r * task->row_stride;
    vector result = sum[r];
    if (task->residual) result += load(task->residual + at);
    result = clamp(result, splat(task->lower), splat(task->upper));
    store_masked(result, task->mask ? task->mask + at : 0, task->output + at);
  }
}

#define DEPTHWISE(rows, height, width)                                         \
  for (size_t position = 0; position < task->length; position += LANES)        \
    depthwise_vector(task, position, rows, height, width)

KERNEL_TARGET static void depthwise(const crisp_depthwise *task) {
  if (task->height == 3 && task->width == 3) {
    switch (task->rows) {
      case 1: DEPTHWISE(1, 3, 3); return;
      case 2: DEPTHWISE(2, 3, 3); return;
      case 3: DEPTHWISE(3, 3, 3); return;
      default: DEPTHWISE(4, 3, 3); return;
    }
  }
  if (task->height == 5 && task->width == 5) {
    switch (task->rows) {
      case 1: DEPTHWISE(1, 5, 5); return;
      case 2: DEPTHWISE(2, 5, 5); return;
      case 3: DEPTHWISE(3, 5, 5); return;
      default: DEPTHWISE(4, 5, 5); return;
    }
  }
}
