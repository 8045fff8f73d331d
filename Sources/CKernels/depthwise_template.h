// Depthwise convolution; a part of kernel_template.h.

// The weights of one channel, in registers as long as they suffice.
typedef struct {
  vector of[25];
} channel_weights;

KERNEL_TARGET INLINE channel_weights weights_of(const crisp_depthwise *task, const int taps) {
  channel_weights weights;
  UNROLL for (int i = 0; i < taps; i++) weights.of[i] = splat(task->values[i]);
  return weights;
}

// `rows` output rows from `row` on, a vector of positions in each at a time. The last three are
// constants at every call.
KERNEL_TARGET INLINE void depthwise_rows(
    const crisp_depthwise *task, const channel_weights *weights, size_t row, const int rows,
    const int height, const int width) {
  const size_t stride = task->row_stride;
  const vector lower = splat(task->lower), upper = splat(task->upper), bias = splat(task->bias);
  for (size_t x = 0; x < task->length; x += LANES) {
    const size_t position = row * stride + x;
    vector sum[4];
    UNROLL for (int r = 0; r < rows; r++) sum[r] = bias;
    UNROLL for (int y = 0; y < rows + height - 1; y++) {
      // Input row y serves output row r as kernel row y - r.
      const size_t shift = y < height ? 0 : y - height + 1;
      const int32_t *offsets = task->offsets + (y < height ? y : height - 1) * width;
      UNROLL for (int column = 0; column < width; column++) {
        const vector in = load(task->input + position + shift * stride + offsets[column]);
        UNROLL for (int r = 0; r < rows; r++)
          if (y - r >= 0 && y - r < height) sum[r] += weights->of[(y - r) * width + column] * in;
      }
    }
    UNROLL for (int r = 0; r < rows; r++) {
      const size_t at = position + r * stride;
      vector result = sum[r];
      if (task->residual) result += load(task->residual + at);
      store_masked(
          clamp(result, lower, upper), task->mask ? task->mask + at : 0, task->output + at);
    }
  }
}

#define DEPTHWISE(height, width)                                                \
  do {                                                                          \
    const channel_weights weights = weights_of(task, (height) * (width));        \
    size_t row = 0;                                                             \
    for (; row + 4 <= task->rows; row += 4)                                      \
      depthwise_rows(task, &weights, row, 4, height, width);                     \
    if (row + 2 <= task->rows) {                                                \
      depthwise_rows(task, &weights, row, 2, height, width);                     \
      row += 2;                                                                 \
    }                                                                           \
    if (row < task->rows) depthwise_rows(task, &weights, row, 1, height, width); \
  } while (0)

KERNEL_TARGET static void depthwise(const crisp_depthwise *task) {
  if (task->height == 3 && task->width == 3) {
    DEPTHWISE(3, 3);
  } else if (task->height == 5 && task->width == 5) {
    DEPTHWISE(5, 5);
  }
}

// One vector of output columns of a convolution of stride 2, straight from the image. `height` and
// `width` are constants at every call.
KERNEL_TARGET INLINE void strided_vector(
    const crisp_depthwise *task, const channel_weights *weights, const float *input, size_t at,
    const int height, const int width) {
  vector sum = splat(task->bias);
  UNROLL for (int y = 0; y < height; y++)
    UNROLL for (int x = 0; x < width; x++)
      sum += weights->of[y * width + x] * every_second(input + y * task->input_stride + x);
  if (task->residual) sum += load(task->residual + at);
  sum = clamp(sum, splat(task->lower), splat(task->upper));
  store_masked(sum, task->mask ? task->mask + at : 0, task->output + at);
}

// Rows one after the other: the last vector of a row reaches into the next.
#define STRIDED(height, width)                                                     \
  do {                                                                             \
    const channel_weights weights = weights_of(task, (height) * (width));           \
    for (size_t row = 0; row < task->rows; row++)                                   \
      for (size_t x = 0; x < task->length; x += LANES)                              \
        strided_vector(                                                            \
            task, &weights, task->input + 2 * row * task->input_stride + 2 * x,     \
            row * task->row_stride + x, height, width);                             \
  } while (0)

KERNEL_TARGET static void depthwise_strided(const crisp_depthwise *task) {
  if (task->height == 3 && task->width == 3) {
    STRIDED(3, 3);
  } else if (task->height == 5 && task->width == 5) {
    STRIDED(5, 5);
  }
}
