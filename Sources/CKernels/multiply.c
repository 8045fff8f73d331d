// Which kernels run, and on which positions.
#include <string.h>

#include "kernel_tables.h"

const crisp_kernels *crisp_kernels_named(const char *name) {
#if defined(__x86_64__)
  if (!strcmp(name, crisp_kernels_avx512.name)) {
    const int supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("fma");
    return supported ? &crisp_kernels_avx512 : 0;
  }
  if (!strcmp(name, crisp_kernels_avx2.name)) {
    const int supported = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return supported ? &crisp_kernels_avx2 : 0;
  }
#elif defined(__aarch64__)
  if (!strcmp(name, crisp_kernels_neon.name)) return &crisp_kernels_neon;
#endif
  return strcmp(name, crisp_kernels_scalar.name) ? 0 : &crisp_kernels_scalar;
}

static size_t row_index(size_t rows) { return rows == 4 ? 2 : rows - 1; }

// Vectors of one run, the last one possibly reaching beyond it.
static size_t run_vectors(const crisp_kernels *kernels, const crisp_runs *runs) {
  return (runs->length + kernels->lanes - 1) / kernels->lanes;
}

static size_t run_items(const crisp_kernels *kernels, const crisp_runs *runs, size_t rows) {
  const size_t widest = kernels->widest[row_index(rows)];
  return (run_vectors(kernels, runs) + widest - 1) / widest;
}

size_t crisp_items(const crisp_kernels *kernels, const crisp_runs *runs, size_t rows) {
  return runs->outer * runs->inner * run_items(kernels, runs, rows);
}

void crisp_multiply(
    const crisp_kernels *kernels, const crisp_layer *layer, const crisp_runs *runs, size_t rows,
    size_t first, size_t count, size_t first_group, size_t groups) {
  const crisp_kernel *table = kernels->kernels[row_index(rows)];
  const size_t vectors = run_vectors(kernels, runs), pieces = run_items(kernels, runs, rows);
  for (size_t item = first; item < first + count; item++) {
    const size_t run = item / pieces, piece = item % pieces;
    // Pieces of nearly equal width: a narrow remainder would leave multiply-add units idle.
    const size_t begin = piece * vectors / pieces, end = (piece + 1) * vectors / pieces;
    const size_t position = run / runs->inner * runs->outer_stride +
                            run % runs->inner * runs->inner_stride + begin * kernels->lanes;
    table[end - begin - 1](layer, first_group, groups, position);
  }
}
