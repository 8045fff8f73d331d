// Activations and products over the positions of a channel.
#include "crisp_kernels.h"

void crisp_activate(
    const crisp_kernels *kernels, const crisp_activation *activation, const float *input,
    const int32_t *mask, float *output, const crisp_runs *runs) {
  for (size_t o = 0; o < runs->outer; o++) {
    for (size_t i = 0; i < runs->inner; i++) {
      const size_t position = o * runs->outer_stride + i * runs->inner_stride;
      kernels->activate(
          activation, input + position, mask ? mask + position : 0, output + position,
          runs->length);
    }
  }
}

void crisp_multiply_by(
    const crisp_kernels *kernels, const float *input, const float *factor, size_t period,
    const int32_t *mask, float *output, size_t count) {
  kernels->product(input, factor, period, mask, output, count);
}
