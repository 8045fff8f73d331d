// The kernels of one instruction set. The including file defines
//   KERNEL_BYTES   bytes of a vector
//   KERNEL_TARGET  the function attribute that enables the instruction set
//   KERNEL_NAME    a prefix
//   KERNEL_TABLE   the table's name
//   KERNEL_TEXT    the instruction set's name
//   KERNEL_W1, KERNEL_W2, KERNEL_W4  widest kernels, such that accumulators (rows x vectors),
//                  one input vector and the broadcast values fit the registers
// GNU vector extensions keep the arithmetic in one place for all of them.

typedef float vector __attribute__((vector_size(KERNEL_BYTES)));
typedef float unaligned __attribute__((vector_size(KERNEL_BYTES), aligned(4), may_alias));
typedef int32_t lanes __attribute__((vector_size(KERNEL_BYTES)));
typedef int32_t unaligned_lanes
    __attribute__((vector_size(KERNEL_BYTES), aligned(4), may_alias));

enum { LANES = KERNEL_BYTES / 4 };

// The sums stay in registers only when every loop over them is gone.
#define UNROLL _Pragma("clang loop unroll(full)")

KERNEL_TARGET static inline __attribute__((always_inline)) vector splat(float value) {
  return value - (vector){0};
}

// `chosen` where `condition` is set, else `other`.
KERNEL_TARGET static inline __attribute__((always_inline)) vector select_lanes(
    lanes condition, vector chosen, vector other) {
  return (vector)((condition & (lanes)chosen) | (~condition & (lanes)other));
}

// One row group after the other over `vectors` vectors of positions. `rows` and `vectors` are
// constants at every call, so the arrays become registers.
KERNEL_TARGET static inline __attribute__((always_inline)) void multiply(
    const crisp_layer *layer, size_t first_group, size_t groups, size_t position, const int rows,
    const int vectors) {
  const size_t taps = layer->taps;
  const float *input = layer->input + position;
  const vector lower = splat(layer->lower), upper = splat(layer->upper);
  for (size_t group = first_group; group < first_group + groups; group++) {
    const int32_t *offsets = layer->offsets + group * layer->offset_stride;
    const float *values = layer->values + group * taps * rows;
    vector sum[4][16];
    UNROLL for (int r = 0; r < rows; r++)
      UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = splat(layer->bias[group * rows + r]);
    for (size_t k = 0; k < taps; k++) {
      const float *x = input + offsets[k];
      vector value[4];
      UNROLL for (int r = 0; r < rows; r++) value[r] = splat(values[k * rows + r]);
      UNROLL for (int v = 0; v < vectors; v++) {
        const vector in = *(const unaligned *)(x + v * LANES);
        UNROLL for (int r = 0; r < rows; r++) sum[r][v] += value[r] * in;
      }
    }
    UNROLL for (int r = 0; r < rows; r++) {
      const size_t row = group * rows + r;
      float *out = layer->output + row * layer->output_stride + position;
      const float *residual =
          layer->residual ? layer->residual + row * layer->residual_stride + position : 0;
      UNROLL for (int v = 0; v < vectors; v++) {
        vector result = sum[r][v];
        if (residual) result += *(const unaligned *)(residual + v * LANES);
        // Written so that a NaN stays one.
        result = select_lanes(result < lower, lower, result);
        result = select_lanes(result > upper, upper, result);
        if (layer->mask) {
          result = (vector)((lanes)result &
                            *(const unaligned_lanes *)(layer->mask + position + v * LANES));
        }
        *(unaligned *)(out + v * LANES) = result;
      }
    }
  }
}

#define JOIN_(a, b, c, d) a##_##b##x##c##d
#define JOIN(a, b, c, d) JOIN_(a, b, c, d)
#define DEFINE(rows, vectors)                                                      \
  KERNEL_TARGET static void JOIN(KERNEL_NAME, rows, vectors, )(                     \
      const crisp_layer *layer, size_t first_group, size_t groups, size_t position) { \
    multiply(layer, first_group, groups, position, rows, vectors);                  \
  }
#define NAMED(rows, vectors) JOIN(KERNEL_NAME, rows, vectors, )

#define EACH_1(M, r) M(r, 1)
#define EACH_2(M, r) EACH_1(M, r) SEPARATOR M(r, 2)
#define EACH_3(M, r) EACH_2(M, r) SEPARATOR M(r, 3)
#define EACH_4(M, r) EACH_3(M, r) SEPARATOR M(r, 4)
#define EACH_5(M, r) EACH_4(M, r) SEPARATOR M(r, 5)
#define EACH_6(M, r) EACH_5(M, r) SEPARATOR M(r, 6)
#define EACH_7(M, r) EACH_6(M, r) SEPARATOR M(r, 7)
#define EACH_8(M, r) EACH_7(M, r) SEPARATOR M(r, 8)
#define EACH_9(M, r) EACH_8(M, r) SEPARATOR M(r, 9)
#define EACH_10(M, r) EACH_9(M, r) SEPARATOR M(r, 10)
#define EACH_11(M, r) EACH_10(M, r) SEPARATOR M(r, 11)
#define EACH_12(M, r) EACH_11(M, r) SEPARATOR M(r, 12)
#define EACH__(n, M, r) EACH_##n(M, r)
#define EACH(n, M, r) EACH__(n, M, r)

#define SEPARATOR
EACH(KERNEL_W1, DEFINE, 1)
EACH(KERNEL_W2, DEFINE, 2)
EACH(KERNEL_W4, DEFINE, 4)
#undef SEPARATOR
#define SEPARATOR ,
static const crisp_kernel one_row[] = {EACH(KERNEL_W1, NAMED, 1)};
static const crisp_kernel two_rows[] = {EACH(KERNEL_W2, NAMED, 2)};
static const crisp_kernel four_rows[] = {EACH(KERNEL_W4, NAMED, 4)};

#include "pointwise_template.h"

const crisp_kernels KERNEL_TABLE = {
    .name = KERNEL_TEXT,
    .lanes = LANES,
    .widest = {KERNEL_W1, KERNEL_W2, KERNEL_W4},
    .kernels = {one_row, two_rows, four_rows},
    .activate = activate,
    .product = product,
};
