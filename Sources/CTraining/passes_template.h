// Passes of one instruction set. The including file defines PASS_TARGET (the function attribute
// that enables the instruction set) and PASS_TABLE (the table's name). Vectors are as wide as a
// channel block; the compiler splits them where the processor's are narrower.
#include "passes.h"

// Wide vectors are passed between functions that are always inlined: there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"

typedef uint16_t bf16;
#define INLINE PASS_TARGET static inline __attribute__((always_inline))

typedef float f8 __attribute__((vector_size(32)));
typedef float f16 __attribute__((vector_size(64)));
typedef float f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef float f16u __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t u8 __attribute__((vector_size(32)));
typedef uint32_t u16v __attribute__((vector_size(64)));
typedef uint16_t h8 __attribute__((vector_size(16), aligned(2), may_alias));
typedef uint16_t h16 __attribute__((vector_size(32), aligned(2), may_alias));

// Loads and stores by element type. Rounding to bf16 is to nearest, ties to even (IEEE 754); NaNs
// keep a set mantissa bit.
#define CONVERSIONS(V, U, VU, H)                                                         \
  INLINE V load_float_##V(const float *p) { return *(const VU *)p; }                     \
  INLINE void store_float_##V(float *p, V v) { *(VU *)p = v; }                           \
  INLINE V load_bf16_##V(const bf16 *p) {                                                \
    return (V)(__builtin_convertvector(*(const H *)p, U) << 16);                         \
  }                                                                                      \
  INLINE void store_bf16_##V(bf16 *p, V v) {                                             \
    const U bits = (U)v;                                                                 \
    const U rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;                        \
    const U quiet = (bits >> 16) | 0x40;                                                 \
    const U isnan = (U)(v != v);                                                         \
    *(H *)p = __builtin_convertvector((rounded & ~isnan) | (quiet & isnan), H);          \
  }                                                                                      \
  INLINE V choose_##V(U condition, V yes, V no) {                                        \
    return (V)((condition & (U)yes) | (~condition & (U)no));                             \
  }                                                                                      \
  /* Written so that a NaN stays one. */                                                 \
  INLINE V clamp_##V(V v, float lower, float upper) {                                    \
    const V low = lower - (V){0}, high = upper - (V){0};                                 \
    v = choose_##V((U)(v < low), low, v);                                                \
    return choose_##V((U)(v > high), high, v);                                           \
  }                                                                                      \
  INLINE V inside_##V(V value, V gradient, float lower, float upper) {                   \
    const V low = lower - (V){0}, high = upper - (V){0};                                 \
    return (V)((U)gradient & (U)(value > low) & (U)(value < high));                      \
  }

CONVERSIONS(f8, u8, f8u, h8)
CONVERSIONS(f16, u16v, f16u, h16)

// Four accumulators hide the latency of dependent additions.
#define BLOCK_PASSES(T, V, LANES)                                                              \
  PASS_TARGET static void sums_##T##_##V(                                                      \
      const void *x_, size_t positions, const float *pivot_, float *partial) {                 \
    const T *x = x_;                                                                           \
    const V pivot = load_float_##V(pivot_);                                                    \
    V s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, q0 = {0}, q1 = {0}, q2 = {0}, q3 = {0};          \
    size_t p = 0;                                                                              \
    for (; p + 4 <= positions; p += 4) {                                                       \
      const V a = load_##T##_##V(x + p * LANES) - pivot;                                       \
      const V b = load_##T##_##V(x + (p + 1) * LANES) - pivot;                                 \
      const V c = load_##T##_##V(x + (p + 2) * LANES) - pivot;                                 \
      const V d = load_##T##_##V(x + (p + 3) * LANES) - pivot;                                 \
      s0 += a, s1 += b, s2 += c, s3 += d;                                                      \
      q0 += a * a, q1 += b * b, q2 += c * c, q3 += d * d;                                      \
    }                                                                                          \
    for (; p < positions; p++) {                                                               \
      const V a = load_##T##_##V(x + p * LANES) - pivot;                                       \
      s0 += a, q0 += a * a;                                                                    \
    }                                                                                          \
    store_float_##V(partial, (s0 + s1) + (s2 + s3));                                           \
    store_float_##V(partial + LANES, (q0 + q1) + (q2 + q3));                                   \
  }                                                                                            \
  PASS_TARGET static void apply_##T##_##V(                                                     \
      const void *x_, const void *residual_, void *out_, size_t positions,                     \
      const float *scale_, const float *shift_, float lower, float upper) {                    \
    const T *x = x_, *residual = residual_;                                                    \
    T *out = out_;                                                                             \
    const V scale = load_float_##V(scale_), shift = load_float_##V(shift_);                    \
    if (residual) {                                                                            \
      for (size_t p = 0; p < positions; p++) {                                                 \
        const V v = load_##T##_##V(x + p * LANES) * scale + shift +                            \
                    load_##T##_##V(residual + p * LANES);                                      \
        store_##T##_##V(out + p * LANES, clamp_##V(v, lower, upper));                          \
      }                                                                                        \
    } else {                                                                                   \
      for (size_t p = 0; p < positions; p++) {                                                 \
        const V v = load_##T##_##V(x + p * LANES) * scale + shift;                             \
        store_##T##_##V(out + p * LANES, clamp_##V(v, lower, upper));                          \
      }                                                                                        \
    }                                                                                          \
  }                                                                                            \
  INLINE V gradient_##T##_##V(                                                                 \
      const T *g1, const T *g2, V x, const T *out, size_t at, V scale, V shift, float lower,   \
      float upper) {                                                                           \
    V g = load_##T##_##V(g1 + at);                                                             \
    if (g2) g += load_##T##_##V(g2 + at);                                                      \
    const V value = out ? load_##T##_##V(out + at) : x * scale + shift;                        \
    return inside_##V(value, g, lower, upper);                                                 \
  }                                                                                            \
  INLINE void gradient_sums_body_##T##_##V(                                                    \
      const T *g1, const T *g2, const T *x, const T *out, T *masked, size_t positions,         \
      const float *scale_, const float *shift_, const float *mean_, float lower, float upper,  \
      float *partial) {                                                                        \
    const V scale = load_float_##V(scale_), shift = load_float_##V(shift_);                    \
    const V mean = load_float_##V(mean_);                                                      \
    V s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, q0 = {0}, q1 = {0}, q2 = {0}, q3 = {0};          \
    size_t p = 0;                                                                              \
    for (; p + 4 <= positions; p += 4) {                                                       \
      V g[4], d[4];                                                                            \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {                         \
        const size_t at = (p + i) * LANES;                                                     \
        const V v = load_##T##_##V(x + at);                                                    \
        g[i] = gradient_##T##_##V(g1, g2, v, out, at, scale, shift, lower, upper);             \
        d[i] = v - mean;                                                                       \
        if (masked) store_##T##_##V(masked + at, g[i]);                                        \
      }                                                                                        \
      s0 += g[0], s1 += g[1], s2 += g[2], s3 += g[3];                                          \
      q0 += g[0] * d[0], q1 += g[1] * d[1], q2 += g[2] * d[2], q3 += g[3] * d[3];              \
    }                                                                                          \
    for (; p < positions; p++) {                                                               \
      const size_t at = p * LANES;                                                             \
      const V v = load_##T##_##V(x + at);                                                      \
      const V g = gradient_##T##_##V(g1, g2, v, out, at, scale, shift, lower, upper);          \
      if (masked) store_##T##_##V(masked + at, g);                                             \
      s0 += g, q0 += g * (v - mean);                                                           \
    }                                                                                          \
    store_float_##V(partial, (s0 + s1) + (s2 + s3));                                           \
    store_float_##V(partial + LANES, (q0 + q1) + (q2 + q3));                                   \
  }                                                                                            \
  PASS_TARGET static void gradient_sums_##T##_##V(                                             \
      const void *g1, const void *g2, const void *x, const void *out, void *masked,            \
      size_t positions, const float *scale, const float *shift, const float *mean,             \
      float lower, float upper, float *partial) {                                              \
    if (!g2 && !out && !masked) {                                                              \
      gradient_sums_body_##T##_##V(                                                            \
          g1, 0, x, 0, 0, positions, scale, shift, mean, lower, upper, partial);               \
    } else if (!g2 && masked && out) {                                                         \
      gradient_sums_body_##T##_##V(                                                            \
          g1, 0, x, out, masked, positions, scale, shift, mean, lower, upper, partial);        \
    } else {                                                                                   \
      gradient_sums_body_##T##_##V(                                                            \
          g1, g2, x, out, masked, positions, scale, shift, mean, lower, upper, partial);       \
    }                                                                                          \
  }                                                                                            \
  PASS_TARGET static void gradient_apply_##T##_##V(                                            \
      const void *g1_, const void *g2_, const void *x_, const void *out_, void *result_,       \
      size_t positions, const float *scale_, const float *shift_, const float *slope_,         \
      const float *offset_, float lower, float upper) {                                        \
    const T *g1 = g1_, *g2 = g2_, *x = x_, *out = out_;                                        \
    T *result = result_;                                                                       \
    const V scale = load_float_##V(scale_), shift = load_float_##V(shift_);                    \
    const V slope = load_float_##V(slope_), offset = load_float_##V(offset_);                  \
    for (size_t p = 0; p < positions; p++) {                                                   \
      const size_t at = p * LANES;                                                             \
      const V v = load_##T##_##V(x + at);                                                      \
      const V g = gradient_##T##_##V(g1, g2, v, out, at, scale, shift, lower, upper);          \
      store_##T##_##V(result + at, g * scale + (v * slope + offset));                          \
    }                                                                                          \
  }

BLOCK_PASSES(float, f8, 8)
BLOCK_PASSES(float, f16, 16)
BLOCK_PASSES(bf16, f8, 8)
BLOCK_PASSES(bf16, f16, 16)

// One value at a time, for what remains behind the last whole vector.
INLINE float load_float_one(const float *p) { return *p; }
INLINE void store_float_one(float *p, float v) { *p = v; }
INLINE float load_bf16_one(const bf16 *p) {
  const uint32_t bits = (uint32_t)*p << 16;
  float v;
  __builtin_memcpy(&v, &bits, 4);
  return v;
}
INLINE void store_bf16_one(bf16 *p, float v) {
  uint32_t bits;
  __builtin_memcpy(&bits, &v, 4);
  *p = (bf16)(v != v ? (bits >> 16) | 0x40 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

#define FLAT_PASSES(T)                                                                         \
  PASS_TARGET static void add_##T(                                                             \
      const void *a_, const void *b_, float lower, float upper, void *result_, size_t first,   \
      size_t end) {                                                                            \
    const T *a = a_, *b = b_;                                                                  \
    T *result = result_;                                                                       \
    size_t i = first;                                                                          \
    for (; i + 16 <= end; i += 16) {                                                           \
      f16 v = load_##T##_f16(a + i);                                                           \
      if (b) v += load_##T##_f16(b + i);                                                       \
      store_##T##_f16(result + i, clamp_f16(v, lower, upper));                                 \
    }                                                                                          \
    for (; i < end; i++) {                                                                     \
      float v = load_##T##_one(a + i) + (b ? load_##T##_one(b + i) : 0);                       \
      v = v < lower ? lower : v;                                                               \
      store_##T##_one(result + i, v > upper ? upper : v);                                      \
    }                                                                                          \
  }                                                                                            \
  PASS_TARGET static void clamp_backward_##T(                                                  \
      const void *gradient_, const void *out_, float lower, float upper, void *result_,        \
      size_t first, size_t end) {                                                              \
    const T *gradient = gradient_, *out = out_;                                                \
    T *result = result_;                                                                       \
    size_t i = first;                                                                          \
    for (; i + 16 <= end; i += 16) {                                                           \
      const f16 g = load_##T##_f16(gradient + i), v = load_##T##_f16(out + i);                 \
      store_##T##_f16(result + i, inside_f16(v, g, lower, upper));                             \
    }                                                                                          \
    for (; i < end; i++) {                                                                     \
      const float v = load_##T##_one(out + i);                                                 \
      store_##T##_one(                                                                         \
          result + i, v > lower && v < upper ? load_##T##_one(gradient + i) : 0);              \
    }                                                                                          \
  }

FLAT_PASSES(float)
FLAT_PASSES(bf16)

PASS_TARGET static void sgd(
    float *restrict weights, float *restrict velocity, const float *restrict gradient,
    const uint8_t *restrict movable, size_t first, size_t end, float momentum, float decay,
    float rate) {
  if (movable) {
    for (size_t i = first; i < end; i++) {
      const float v = momentum * velocity[i] + gradient[i] + decay * weights[i];
      velocity[i] = movable[i] ? v : velocity[i];
      weights[i] = movable[i] ? weights[i] - rate * v : weights[i];
    }
  } else {
    for (size_t i = first; i < end; i++) {
      velocity[i] = momentum * velocity[i] + gradient[i] + decay * weights[i];
      weights[i] -= rate * velocity[i];
    }
  }
}

#define BLOCK_TABLE(T, V)                                                            \
  {                                                                                  \
    sums_##T##_##V, apply_##T##_##V, gradient_sums_##T##_##V, gradient_apply_##T##_##V \
  }

const crisp_passes PASS_TABLE = {
    {{BLOCK_TABLE(float, f8), BLOCK_TABLE(float, f16)},
     {BLOCK_TABLE(bf16, f8), BLOCK_TABLE(bf16, f16)}},
    {add_float, add_bf16},
    {clamp_backward_float, clamp_backward_bf16},
    sgd,
};
