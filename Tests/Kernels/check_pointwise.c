// Activations and products of every position.
#include <math.h>
#include <stdlib.h>

#include "check.h"

static double activated(crisp_activation activation, double x) {
  switch (activation.kind) {
    case CRISP_SIGMOID: return 1 / (1 + exp(-x));
    case CRISP_HARD_SIGMOID: return clamped_sum(activation.slope * x + activation.offset, 0, 1);
    case CRISP_HARD_SWISH: return x * clamped_sum(x / 6 + 0.5, 0, 1);
  }
  return NAN;
}

static void check_activation(const crisp_kernels *kernels, crisp_activation activation) {
  const size_t count = 1 + below(100), whole = rounded_up(count, kernels->lanes);
  float *input = random_floats(whole), *output = filled_floats(whole, UNTOUCHED);
  int32_t *mask = random_mask(whole);
  for (size_t i = 0; i < whole; i++) input[i] *= 20;
  input[below(whole)] = NAN;
  input[below(whole)] = -INFINITY;
  const int masked = below(2);
  const crisp_runs runs = {1, 0, 1, 0, count};
  crisp_activate(kernels, &activation, input, masked ? mask : 0, output, &runs);
  for (size_t i = 0; i < whole; i++) {
    if (masked && !mask[i])
      expect(output[i] == 0, "a masked activation");
    else
      expect_near(output[i], activated(activation, input[i]), 1, "an activation");
  }
  free(input), free(output), free(mask);
}

static void check_product(const crisp_kernels *kernels, size_t period) {
  const size_t count = 1 + below(100), whole = rounded_up(count, 16);
  const size_t vectors = rounded_up(count, kernels->lanes);
  float *input = random_floats(vectors), *factor = random_floats(period ? period : vectors);
  float *output = filled_floats(whole, UNTOUCHED);
  int32_t *mask = random_mask(vectors);
  const int masked = below(2);
  crisp_multiply_by(kernels, input, factor, period, masked ? mask : 0, output, count);
  for (size_t i = 0; i < whole; i++) {
    float expected = UNTOUCHED;
    if (i < vectors)
      expected = masked && !mask[i] ? 0 : input[i] * factor[period ? i % period : i];
    expect(output[i] == expected, "a product of positions");
  }
  free(input), free(factor), free(output), free(mask);
}

void check_pointwise(const crisp_kernels *kernels) {
  for (size_t i = 0; i < 300; i++) {
    static const size_t periods[] = {0, 1, 16, 32};
    check_activation(kernels, (crisp_activation){(crisp_activation_kind)(i % 3), 0.2f, 0.5f});
    check_product(kernels, periods[i % 4]);
  }
  expect(kernels->peak(1000) > 0, "the peak");
}
