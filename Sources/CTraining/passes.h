// The passes of one instruction set, one table each; see passes_template.h.
#ifndef CRISP_PASSES_H
#define CRISP_PASSES_H

#include "crisp_training.h"

// Partial sums of one channel block of one image lie side by side: two lists of `block` floats.
typedef struct {
  // Sums of (x - pivot) and (x - pivot)^2 over one block of one image.
  void (*sums)(const void *x, size_t positions, const float *pivot, float *partial);
  // out = clamp(scale * x + shift + residual).
  void (*apply)(
      const void *x, const void *residual, void *out, size_t positions, const float *scale,
      const float *shift, float lower, float upper);
  // Sums of g and g * (x - mean), g being the gradient behind the clamp, which goes to `masked`
  // unless that is null. `out` null: the clamp's input is scale * x + shift.
  void (*gradient_sums)(
      const void *gradient_1, const void *gradient_2, const void *x, const void *out,
      void *masked, size_t positions, const float *scale, const float *shift, const float *mean,
      float lower, float upper, float *partial);
  // x_gradient = scale * g + slope * x + offset, g as above.
  void (*gradient_apply)(
      const void *gradient_1, const void *gradient_2, const void *x, const void *out,
      void *x_gradient, size_t positions, const float *scale, const float *shift,
      const float *slope, const float *offset, float lower, float upper);
} crisp_block_passes;

typedef struct {
  // [type][0: blocks of 8, 1: blocks of 16].
  crisp_block_passes block[2][2];
  void (*add[2])(
      const void *a, const void *b, float lower, float upper, void *result, size_t first,
      size_t end);
  void (*clamp_backward[2])(
      const void *gradient, const void *out, float lower, float upper, void *result,
      size_t first, size_t end);
  void (*sgd)(
      float *weights, float *velocity, const float *gradient, const uint8_t *movable,
      size_t first, size_t end, float momentum, float decay, float rate);
} crisp_passes;

extern const crisp_passes crisp_passes_avx512, crisp_passes_avx2, crisp_passes_plain;

// The table that this thread works with: the best for this processor, unless crisp_use_passes chose
// another. To be asked for on the thread that calls, not on those of a team.
const crisp_passes *crisp_passes_current(void);

#endif
