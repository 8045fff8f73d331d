// Pooling and picking cells of one plane; a part of kernel_template.h. A window is first reduced over
// its rows, then over its columns.

typedef struct {
  size_t begin, end;
} span;

// The part of a window at output index `at` that lies on the image.
INLINE span clipped(size_t at, size_t stride, size_t kernel, size_t padding, size_t size) {
  const size_t start = at * stride, stop = start + kernel;
  span result = {start > padding ? start - padding : 0, stop > padding ? stop - padding : 0};
  if (result.end > size) result.end = size;
  return result;
}

// row[i] = max(row[i], from[i]) or row[i] + from[i].
KERNEL_TARGET INLINE void reduce_row(float *row, const float *from, size_t count, int maximum) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    const vector a = load(row + i), b = load(from + i);
    store(maximum ? select_lanes(b > a, b, a) : a + b, row + i);
  }
  for (; i < count; i++) row[i] = !maximum ? row[i] + from[i] : from[i] > row[i] ? from[i] : row[i];
}

// The maxima of windows of single floats at a stride of 1 or 2. `row` starts `left` floats, all the
// least number, before the image's first column, and goes on with as many as the last vector reads.
KERNEL_TARGET INLINE void maxima(
    const float *row, size_t kernel, size_t stride, float *to, size_t count) {
  size_t x = 0;
  for (; x + LANES <= count; x += LANES) {
    const float *from = row + x * stride;
    vector best = stride == 1 ? load(from) : every_second(from);
    for (size_t c = 1; c < kernel; c++) {
      const vector next = stride == 1 ? load(from + c) : every_second(from + c);
      best = select_lanes(next > best, next, best);
    }
    store(best, to + x);
  }
  for (; x < count; x++) {
    float best = row[x * stride];
    for (size_t c = 1; c < kernel; c++) {
      const float next = row[x * stride + c];
      best = next > best ? next : best;
    }
    to[x] = best;
  }
}

KERNEL_TARGET static void global_mean(const float *input, crisp_plane plane, float *output) {
  const float scale = 1.0f / (float)(plane.height * plane.width);
  if (plane.cell > 1) {
    for (size_t i = 0; i < plane.cell; i++) output[i] = 0;
    for (size_t y = 0; y < plane.height; y++)
      for (size_t x = 0; x < plane.width; x++)
        for (size_t i = 0; i < plane.cell; i++)
          output[i] += input[y * plane.pitch + x * plane.cell + i];
    for (size_t i = 0; i < plane.cell; i++) output[i] *= scale;
    return;
  }
  // Rows and the gaps between them, which are zeros, in one run.
  const size_t count = (plane.height - 1) * plane.pitch + plane.width;
  vector sums = splat(0);
  float sum = 0;
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) sums += load(input + i);
  for (; i < count; i++) sum += input[i];
  for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
  output[0] = sum * scale;
}

KERNEL_TARGET static void pool(
    crisp_pooling pooling, const float *input, crisp_plane plane, float *output, crisp_plane result,
    crisp_window window, float *row) {
  if (pooling == CRISP_GLOBAL_MEAN) {
    global_mean(input, plane, output);
    return;
  }
  const size_t cell = plane.cell, width = plane.width * cell;
  const int maximum = pooling == CRISP_MAXIMUM;
  const int in_vectors = maximum && cell == 1 && window.stride_width <= 2;
  if (in_vectors) {
    // What stands beside the image never wins.
    const size_t all = (result.width - 1) * window.stride_width + window.kernel_width;
    for (size_t i = 0; i < window.left; i++) row[i] = -__builtin_inff();
    for (size_t i = window.left + width; i < all; i++) row[i] = -__builtin_inff();
    row += window.left;
  }
  for (size_t y = 0; y < result.height; y++) {
    const span rows =
        clipped(y, window.stride_height, window.kernel_height, window.top, plane.height);
    memcpy(row, input + rows.begin * plane.pitch, width * sizeof(float));
    for (size_t r = rows.begin + 1; r < rows.end; r++)
      reduce_row(row, input + r * plane.pitch, width, maximum);
    float *to = output + y * result.pitch;
    if (in_vectors) {
      maxima(row - window.left, window.kernel_width, window.stride_width, to, result.width);
      continue;
    }
    for (size_t x = 0; x < result.width; x++) {
      const span columns =
          clipped(x, window.stride_width, window.kernel_width, window.left, plane.width);
      for (size_t i = 0; i < cell; i++) {
        float value = row[columns.begin * cell + i];
        for (size_t c = columns.begin + 1; c < columns.end; c++) {
          const float next = row[c * cell + i];
          value = !maximum ? value + next : next > value ? next : value;
        }
        if (pooling == CRISP_MEAN) {
          value /= (float)((rows.end - rows.begin) * (columns.end - columns.begin));
        } else if (pooling == CRISP_PADDED_MEAN) {
          value /= (float)(window.kernel_height * window.kernel_width);
        }
        to[x * cell + i] = value;
      }
    }
  }
}

// Cells first, first + stride, ... below `size`.
INLINE size_t picked(size_t size, size_t first, size_t stride) {
  return first < size ? (size - first + stride - 1) / stride : 0;
}

KERNEL_TARGET static void pick_cells(
    const float *input, crisp_plane plane, size_t first_row, size_t first_column,
    size_t stride_height, size_t stride_width, float *output, crisp_plane result) {
  const size_t rows = picked(plane.height, first_row, stride_height);
  const size_t columns = picked(plane.width, first_column, stride_width);
  const size_t width = result.width < columns ? result.width : columns;
  const size_t cell = plane.cell;
  for (size_t y = 0; y < result.height; y++) {
    float *to = output + y * result.pitch;
    const size_t filled = y < rows ? width : 0;
    const float *from =
        input + (first_row + y * stride_height) * plane.pitch + first_column * cell;
    if (stride_width == 1) {
      if (filled) memcpy(to, from, filled * cell * sizeof(float));
    } else if (cell == 1) {
      for (size_t x = 0; x < filled; x++) to[x] = from[x * stride_width];
    } else {
      for (size_t x = 0; x < filled; x++)
        memcpy(to + x * cell, from + x * stride_width * cell, cell * sizeof(float));
    }
    if (filled < result.width)
      memset(to + filled * cell, 0, (result.width - filled) * cell * sizeof(float));
  }
}

KERNEL_TARGET static void split(
    const float *input, crisp_plane plane, size_t first_row, float *even, float *odd,
    crisp_plane result) {
  const size_t rows = picked(plane.height, first_row, 2);
  for (size_t y = 0; y < result.height; y++) {
    const float *from = input + (first_row + y * 2) * plane.pitch;
    for (size_t phase = 0; phase < 2; phase++) {
      float *to = phase ? odd : even;
      if (!to) continue;
      to += y * result.pitch;
      const size_t columns = picked(plane.width, phase, 2);
      size_t filled = y >= rows ? 0 : columns < result.width ? columns : result.width;
      size_t x = 0;
      if (filled >= LANES) {
        for (; x + LANES <= filled; x += LANES)
          store(every_second(from + phase + 2 * x), to + x);
        // The rest once more with what stands before it.
        if (x < filled)
          store(every_second(from + phase + 2 * (filled - LANES)), to + filled - LANES);
        x = filled;
      }
      for (; x < filled; x++) to[x] = from[phase + 2 * x];
      for (; x < result.width; x++) to[x] = 0;
    }
  }
}
