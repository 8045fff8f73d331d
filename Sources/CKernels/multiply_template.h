// Products of row groups with activations; a part of kernel_template.h.

// `at_once` row groups from `group` on, over `vectors` vectors of positions. The last three are
// constants at every call, so the arrays become registers.
KERNEL_TARGET INLINE void multiply(
    const crisp_stretch *stretch, size_t group, const int rows, const int vectors,
    const int at_once) {
  const size_t taps = stretch->taps, value_stride = stretch->value_stride;
  const size_t offset_stride = stretch->offset_stride;
  const float *input = stretch->input;
  const int32_t *offsets = stretch->offsets + group * offset_stride;
  const float *values = stretch->values + group * rows * value_stride;
  float *output = stretch->output + group * rows * stretch->output_stride;
  // The next positions of every column are needed soon. A column is read by several row groups, each
  // of which fetches another cache line of it.
  const float *ahead = input + stretch->ahead + group / at_once % vectors * LANES;
  // What is added or overwritten at the end was last used a layer or a block ago.
  UNROLL for (int r = 0; r < at_once * rows; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      if (stretch->bias) __builtin_prefetch(output + r * stretch->output_stride + v * LANES, 1);
      if (stretch->residual)
        __builtin_prefetch(
            stretch->residual + (group * rows + r) * stretch->residual_stride + v * LANES);
    }
  }
  vector sum[8][16];
  if (stretch->bias) {
    UNROLL for (int r = 0; r < at_once * rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        sum[r][v] = splat(stretch->bias[group * rows + r]);
  } else {
    UNROLL for (int r = 0; r < at_once * rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        sum[r][v] = load(output + r * stretch->output_stride + v * LANES);
  }
  for (size_t k = 0; k < taps; k++) {
    UNROLL for (int g = 0; g < at_once; g++) {
      const int32_t offset = offsets[g * offset_stride + k];
      const float *x = input + offset;
      __builtin_prefetch(ahead + offset);
      vector value[4];
      UNROLL for (int r = 0; r < rows; r++)
        value[r] = splat(values[(g * rows + r) * value_stride + k]);
      UNROLL for (int v = 0; v < vectors; v++) {
        const vector in = load(x + v * LANES);
        UNROLL for (int r = 0; r < rows; r++) sum[g * rows + r][v] += value[r] * in;
      }
    }
  }
  if (!stretch->finishes) {
    UNROLL for (int r = 0; r < at_once * rows; r++)
      UNROLL for (int v = 0; v < vectors; v++)
        store(sum[r][v], output + r * stretch->output_stride + v * LANES);
    return;
  }
  const vector lower = splat(stretch->lower), upper = splat(stretch->upper);
  UNROLL for (int r = 0; r < at_once * rows; r++) {
    const float *residual = stretch->residual;
    if (residual) residual += (group * rows + r) * stretch->residual_stride;
    UNROLL for (int v = 0; v < vectors; v++) {
      vector result = sum[r][v];
      if (residual) result += load(residual + v * LANES);
      result = clamp(result, lower, upper);
      store_masked(
          result, stretch->mask ? stretch->mask + v * LANES : 0,
          output + r * stretch->output_stride + v * LANES);
    }
  }
}

// Narrow kernels take several row groups at once: a multiply-add takes four cycles, so fewer than
// some six sums leave the units idle.
#define AT_ONCE(rows, vectors) ((rows) * (vectors) >= 6 ? 1 : (rows) * (vectors) >= 3 ? 2 : 4)

#define JOIN_(a, b, c, d) a##_##b##x##c##d
#define JOIN(a, b, c, d) JOIN_(a, b, c, d)
#define NAMED(rows, vectors) JOIN(KERNEL_NAME, rows, vectors, )
#define DEFINE(rows, vectors)                                                               \
  KERNEL_TARGET static void NAMED(rows, vectors)(const crisp_stretch *stretch, size_t groups) { \
    size_t group = 0;                                                                       \
    for (; group + AT_ONCE(rows, vectors) <= groups; group += AT_ONCE(rows, vectors))        \
      multiply(stretch, group, rows, vectors, AT_ONCE(rows, vectors));                       \
    if (AT_ONCE(rows, vectors) > 1)                                                         \
      for (; group < groups; group++) multiply(stretch, group, rows, vectors, 1);            \
  }

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

KERNEL_TARGET static void pack(
    const float *input, const int32_t *offsets, size_t count, size_t vectors, float *panel,
    size_t panel_stride) {
  for (size_t c = 0; c < count; c++) {
    const float *from = input + offsets[c];
    float *to = panel + c * panel_stride;
    for (size_t v = 0; v < vectors; v++) store(load(from + v * LANES), to + v * LANES);
  }
}
