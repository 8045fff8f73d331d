// Activations and products of one instruction set; a part of kernel_template.h.

// e^x for x <= 0, relative error below 3e-7 down to the smallest normal number; NaN stays NaN.
KERNEL_TARGET INLINE vector exponential(vector x) {
  // e^-104 rounds to zero.
  x = select_lanes(x < splat(-104), splat(-104), x);
  // x = n ln 2 + r. Adding 1.5 * 2^23 leaves the nearest integer in the lowest bits, without a
  // conversion, which would be undefined for NaN.
  const vector magic = splat(12582912.0f);
  const vector shifted = x * splat(1.44269504f) + magic;
  const vector n = shifted - magic;
  const lanes exponent = (lanes)shifted - (lanes)magic;
  // ln 2 in two parts: the first has 9 bits, so its product with n is exact.
  const vector r = (x - n * splat(0.693359375f)) - n * splat(-2.12194440e-4f);
  // Taylor's series: |r| <= ln 2 / 2, so the next term is below 6e-9.
  static const float factors[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 1.0f / 2, 1, 1};
  vector sum = splat(1.0f / 5040);
  UNROLL for (int i = 0; i < 7; i++) sum = sum * r + splat(factors[i]);
  // 2^n in two factors, since n may lie below the smallest exponent.
  const lanes half = exponent >> 1;
  return sum * (vector)((half + 127) << 23) * (vector)((exponent - half + 127) << 23);
}

// Between 0 and 1; NaN stays NaN.
KERNEL_TARGET INLINE vector clamped(vector x) {
  x = select_lanes(x < splat(0), splat(0), x);
  return select_lanes(x > splat(1), splat(1), x);
}

KERNEL_TARGET INLINE vector sigmoid(vector x) {
  // From e^-|x|, which cannot overflow and keeps its precision where the sigmoid is small.
  const vector power = exponential((vector)((lanes)x | (lanes)splat(-0.0f)));
  const vector upper = splat(1) / (splat(1) + power);
  return select_lanes(x < splat(0), power * upper, upper);
}

KERNEL_TARGET static void activate(
    const crisp_activation *activation, const float *input, const int32_t *mask, float *output,
    size_t count) {
  const vector slope = splat(activation->slope), offset = splat(activation->offset);
  switch (activation->kind) {
    case CRISP_SIGMOID:
      for (size_t i = 0; i < count; i += LANES)
        store_masked(sigmoid(load(input + i)), mask ? mask + i : 0, output + i);
      break;
    case CRISP_HARD_SIGMOID:
      for (size_t i = 0; i < count; i += LANES) {
        const vector x = load(input + i);
        store_masked(clamped(x * slope + offset), mask ? mask + i : 0, output + i);
      }
      break;
    case CRISP_HARD_SWISH:
      for (size_t i = 0; i < count; i += LANES) {
        const vector x = load(input + i);
        const vector gate = clamped(x * splat(1.0f / 6) + splat(0.5f));
        store_masked(x * gate, mask ? mask + i : 0, output + i);
      }
      break;
  }
}

KERNEL_TARGET static void product(
    const float *input, const float *factor, size_t period, const int32_t *mask, float *output,
    size_t count) {
  if (period == 1) {
    const vector gate = splat(*factor);
    for (size_t i = 0; i < count; i += LANES)
      store_masked(load(input + i) * gate, mask ? mask + i : 0, output + i);
    return;
  }
  for (size_t i = 0; i < count; i += LANES) {
    const vector other = load(factor + (period ? i % period : i));
    store_masked(load(input + i) * other, mask ? mask + i : 0, output + i);
  }
}
