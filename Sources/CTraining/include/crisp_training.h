// The dense engine's own passes over activations: what lies between oneDNN's convolutions. Each is
// one parallel region that reads and writes every value as few times as the arithmetic allows.
//
// Activations are [image][channel block][position][channel within the block], oneDNN's nChw16c or
// nChw8c. Channels beyond the last real one are zero and stay zero.
#ifndef CRISP_TRAINING_H
#define CRISP_TRAINING_H

#include <stddef.h>
#include <stdint.h>

// What these passes, too, may use of the processor.
#include "crisp_processor.h"

// How the values of an activation are stored. bf16 is the upper half of a 32-bit float.
enum { crisp_f32 = 0, crisp_bf16 = 1 };

// The shape of an activation, and the threads that may work on it.
typedef struct {
  size_t images, channels, positions;
  // Channels of a block: 8 or 16.
  size_t block;
  // crisp_f32 or crisp_bf16.
  int type;
  int threads;
} crisp_batch_shape;

// Batch normalisation with what may follow it:
//   out = clamp(gamma * (x - mean) / sqrt(variance + epsilon) + beta + residual, lower, upper)
typedef struct {
  crisp_batch_shape shape;
  // [channels] each.
  const float *gamma, *beta;
  float epsilon;
  // Nonzero: mean and variance (biased) are those of the batch; the forward pass writes them.
  // Zero: they are constants that the caller gives.
  int batch_statistics;
  float *mean, *variance;
  float lower, upper;
  // crisp_normalization_scratch() floats.
  float *scratch;
} crisp_normalization;

// Floats of scratch that a normalisation over this shape needs.
size_t crisp_normalization_scratch(const crisp_batch_shape *shape);

// `residual` may be null. `out` may be `x` or `residual` only without a backward pass.
void crisp_normalize(
    const crisp_normalization *n, const void *x, const void *residual, void *out);

// Gradients of crisp_normalize. The gradient of `out` is gradient_1 + gradient_2 (null: zero).
// With a residual, `out` must be given: the clamp cannot be recomputed from `x` alone, and
// `residual_gradient` receives the gradient behind the clamp. `x_gradient` may be gradient_1,
// gradient_2 or, without a residual, nothing else that is read. [channels] for the last two.
void crisp_normalize_backward(
    const crisp_normalization *n, const void *gradient_1, const void *gradient_2, const void *x,
    const void *out, void *residual_gradient, void *x_gradient, float *gamma_gradient,
    float *beta_gradient);

// result = a + b (null: a alone), then clamped. `count` values of `type`; result may be a or b.
void crisp_add(
    const void *a, const void *b, float lower, float upper, void *result, size_t count, int type,
    int threads);

// result = gradient where lower < out < upper, else 0: back through a clamp. May be in place.
void crisp_clamp_backward(
    const void *gradient, const void *out, float lower, float upper, void *result, size_t count,
    int type, int threads);

// v = momentum * v + g + decay * w;  w = w - rate * v. `movable` may be null; where it is 0, w and v
// stay as they are.
void crisp_sgd_step(
    float *weights, float *velocity, const float *gradient, const uint8_t *movable, size_t count,
    float momentum, float decay, float rate, int threads);

// Makes the calling thread's passes use the instruction set of that name, "plain", "avx2" or
// "avx512"; null: the best again. For tests and measurements: results differ by rounding only.
// Returns 0, and changes nothing, where this processor does not have it.
int crisp_use_passes(const char *name);

#endif
