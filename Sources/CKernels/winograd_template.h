// The transforms of crisp_winograd.h; a part of kernel_template.h. `pairs`, `zero` (whether 0 is a
// point) and `points` are constants at every call, so that all coefficients are.

// Coefficients of the product of (x - factor[i]), from x^0 on.
INLINE void expand(const double *factors, const int count, double *coefficients) {
  coefficients[0] = 1;
  UNROLL for (int i = 0; i < count; i++) {
    coefficients[i + 1] = coefficients[i];
    UNROLL for (int k = i; k > 0; k--)
      coefficients[k] = coefficients[k - 1] - factors[i] * coefficients[k];
    coefficients[0] *= -factors[i];
  }
}

// The sum of coefficient[i] * row[2 * i]; the last coefficient is 1.
KERNEL_TARGET INLINE vector every_other(
    const vector *rows, const double *coefficients, const int count) {
  vector sum = rows[2 * count];
  UNROLL for (int i = 0; i < count; i++) sum += splat((float)coefficients[i]) * rows[2 * i];
  return sum;
}

// Point p gets the coefficients of the product of (x - q) over all finite points q but p.
KERNEL_TARGET INLINE void transform_rows(
    const double *point, const int pairs, const int zero, const float *rows, size_t row_stride,
    float *output, size_t point_stride, size_t length) {
  const int points = 2 * pairs + zero + 1;
  double squares[MOST_PAIRS], all[MOST_PAIRS + 1];
  UNROLL for (int i = 0; i < pairs; i++) squares[i] = point[i] * point[i];
  expand(squares, pairs, all);
  for (size_t at = 0; at < length; at += LANES) {
    vector in[CRISP_MOST_POINTS];
    UNROLL for (int i = 0; i < points; i++) in[i] = load(rows + i * row_stride + at);
    float *to = output + at;
    UNROLL for (int i = 0; i < pairs; i++) {
      double others[MOST_PAIRS], rest[MOST_PAIRS + 1];
      int count = 0;
      UNROLL for (int k = 0; k < pairs; k++) {
        if (k != i) others[count++] = squares[k];
      }
      expand(others, pairs - 1, rest);
      const vector odd = every_other(in + zero + 1, rest, pairs - 1);
      const vector even = splat((float)point[i]) * every_other(in + zero, rest, pairs - 1);
      store(odd + even, to + 2 * i * point_stride);
      store(odd - even, to + (2 * i + 1) * point_stride);
    }
    if (zero) store(every_other(in, all, pairs), to + 2 * pairs * point_stride);
    store(every_other(in + zero, all, pairs), to + (points - 1) * point_stride);
  }
}

KERNEL_TARGET static void to_points(
    size_t points, const float *rows, size_t row_stride, float *output, size_t point_stride,
    size_t length) {
  if (points == 7) {
    transform_rows(
        points_of_four_taps, 3, 0, rows, row_stride, output, point_stride, length);
  } else {
    transform_rows(
        points_of_three_taps, 2, 1, rows, row_stride, output, point_stride, length);
  }
}

// Output row k gets the sum of p^k times the value at point p; infinity counts in the last only.
KERNEL_TARGET INLINE void strip_vector(
    const crisp_strip *strip, const double *point, const int pairs, const int zero, size_t at,
    vector *result) {
  const int points = 2 * pairs + zero + 1;
  const float *sums = strip->sums + at;
  vector in[CRISP_MOST_POINTS];
  UNROLL for (int i = 0; i < points; i++) in[i] = load(sums + i * strip->point_stride);
  UNROLL for (int k = 0; k < CRISP_STRIP; k++) {
    vector sum = splat(strip->bias);
    if (zero && k == 0) sum += in[2 * pairs];
    if (k == CRISP_STRIP - 1) sum += in[points - 1];
    UNROLL for (int i = 0; i < pairs; i++) {
      const vector both = k % 2 ? in[2 * i] - in[2 * i + 1] : in[2 * i] + in[2 * i + 1];
      double power = 1;
      UNROLL for (int e = 0; e < k; e++) power *= point[i];
      sum += splat((float)power) * both;
    }
    result[k] = sum;
  }
}

KERNEL_TARGET INLINE void strip_rows(
    const crisp_strip *strip, const double *point, const int pairs, const int zero) {
  const vector lower = splat(strip->lower), upper = splat(strip->upper);
  for (size_t at = 0; at < strip->length; at += LANES) {
    vector result[CRISP_STRIP];
    strip_vector(strip, point, pairs, zero, at, result);
    const size_t rest = strip->length - at;
    UNROLL for (int k = 0; k < CRISP_STRIP; k++) {
      if ((size_t)k >= strip->rows) break;
      const size_t place = k * strip->row_stride + at;
      vector value = result[k];
      if (strip->residual) value += load(strip->residual + place);
      value = clamp(value, lower, upper);
      if (rest >= LANES) {
        store(value, strip->output + place);
      } else {
        // What lies behind is a gap, or belongs to another thread.
        float last[LANES];
        store(value, last);
        memcpy(strip->output + place, last, rest * sizeof(float));
      }
    }
  }
}

KERNEL_TARGET static void from_points(const crisp_strip *strip) {
  if (strip->points == 7) {
    strip_rows(strip, points_of_four_taps, 3, 0);
  } else {
    strip_rows(strip, points_of_three_taps, 2, 1);
  }
}

KERNEL_TARGET static void take_row(
    const float *from, size_t width, ptrdiff_t first, size_t stride, size_t cell, float *to,
    size_t count) {
  // Cells that lie on the row.
  size_t begin = first < 0 ? ((size_t)-first + stride - 1) / stride : 0;
  size_t end = 0;
  if (from && first < (ptrdiff_t)width)
    end = (size_t)((ptrdiff_t)width - first + (ptrdiff_t)stride - 1) / stride;
  if (end > count) end = count;
  if (begin > end) begin = end;
  memset(to, 0, begin * cell * sizeof(float));
  memset(to + end * cell, 0, (count - end) * cell * sizeof(float));
  if (begin == end) return;
  // The first of them is cell `first + begin * stride`, which is not negative.
  const float *source = from + (first + (ptrdiff_t)(begin * stride)) * (ptrdiff_t)cell;
  to += begin * cell;
  const size_t taken = end - begin;
  if (stride == 1) {
    memcpy(to, source, taken * cell * sizeof(float));
    return;
  }
  size_t x = 0;
  if (cell == 1 && stride == 2)
    for (; x + LANES <= taken; x += LANES) store(every_second(source + 2 * x), to + x);
  for (; x < taken; x++)
    for (size_t i = 0; i < cell; i++) to[x * cell + i] = source[x * stride * cell + i];
}
