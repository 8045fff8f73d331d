// Batch normalisation, its clamp and its residual, forward and backward (Ioffe and Szegedy 2015).
//
// The unit of work is one channel block of one image. Partial sums are kept per unit and added up
// in the order of the images, so that results do not depend on the number of threads. The second
// pass runs backwards through a thread's units: what the first pass touched last is still cached.
#include <math.h>

#include "crisp_training.h"
#include "parallel.h"
#include "passes.h"

enum { LARGEST_BLOCK = 16 };
static size_t blocks(const crisp_batch_shape *a) {
  return (a->channels + a->block - 1) / a->block;
}

static int useful_threads(const crisp_batch_shape *a) {
  return crisp_useful_threads(a->images * a->channels * a->positions, a->threads);
}

// Coefficients per channel, padded to whole blocks, four lists; then partial sums, two lists per
// unit.
size_t crisp_normalization_scratch(const crisp_batch_shape *a) {
  const size_t padded = blocks(a) * a->block;
  return 5 * padded + a->images * padded * 2;
}

typedef struct {
  const crisp_normalization *n;
  const crisp_block_passes *passes;
  const void *x, *residual, *gradient_1, *gradient_2;
  const void *out;
  void *result, *residual_gradient;
  float *gamma_gradient, *beta_gradient;
} work;

typedef struct {
  float *pivot, *scale, *shift, *slope, *offset, *partial;
} lists;

static lists lists_of(const crisp_normalization *n) {
  const size_t padded = blocks(&n->shape) * n->shape.block;
  float *s = n->scratch;
  return (lists){s, s + padded, s + 2 * padded, s + 3 * padded, s + 4 * padded, s + 5 * padded};
}

// The start of unit u of an activation.
static const void *unit(const work *w, const void *base, size_t u) {
  if (!base) return 0;
  const size_t size = w->n->shape.type == crisp_bf16 ? 2 : 4;
  return (const char *)base + u * w->n->shape.positions * w->n->shape.block * size;
}

// Adds up the two partial sums of channel c over all images.
static void total(const crisp_normalization *n, const float *partial, size_t c, double sums[2]) {
  const size_t block = n->shape.block, count = blocks(&n->shape);
  const float *p = partial + (c / block) * 2 * block + c % block;
  sums[0] = sums[1] = 0;
  for (size_t image = 0; image < n->shape.images; image++, p += count * 2 * block) {
    sums[0] += p[0];
    sums[1] += p[block];
  }
}

static float value_at(const work *w, const void *base, size_t index) {
  if (w->n->shape.type == crisp_f32) return ((const float *)base)[index];
  union {
    uint32_t bits;
    float value;
  } u = {(uint32_t)((const uint16_t *)base)[index] << 16};
  return u.value;
}

static void forward(crisp_team team, void *context) {
  const work *w = context;
  const crisp_normalization *n = w->n;
  const crisp_batch_shape *a = &n->shape;
  const size_t block = a->block, count = blocks(a), units = a->images * count;
  const lists l = lists_of(n);
  size_t first, end, first_block, end_block;
  crisp_share(team, units, &first, &end);
  crisp_share(team, count, &first_block, &end_block);
  if (n->batch_statistics) {
    // Sums are taken of differences from one value of the channel: squares of large means would
    // swallow the variance.
    for (size_t u = first; u < end; u++) {
      float pivot[LARGEST_BLOCK];
      const size_t b = u % count;
      for (size_t i = 0; i < block; i++)
        pivot[i] = value_at(w, w->x, b * a->positions * block + i);
      w->passes->sums(unit(w, w->x, u), a->positions, pivot, l.partial + u * 2 * block);
    }
    crisp_team_barrier(team);
  }
  for (size_t c = first_block * block; c < end_block * block; c++) {
    if (c >= a->channels) {
      l.scale[c] = l.shift[c] = 0;
      continue;
    }
    if (n->batch_statistics) {
      const double samples = (double)(a->images * a->positions);
      double sums[2];
      total(n, l.partial, c, sums);
      const double difference = sums[0] / samples;
      const double variance = sums[1] / samples - difference * difference;
      const size_t pivot = c / block * a->positions * block + c % block;
      n->mean[c] = (float)((double)value_at(w, w->x, pivot) + difference);
      // Rounding may make it negative. A NaN stays one: it has to reach the loss.
      n->variance[c] = variance < 0 ? 0 : (float)variance;
    }
    l.scale[c] = n->gamma[c] / sqrtf(n->variance[c] + n->epsilon);
    l.shift[c] = n->beta[c] - n->mean[c] * l.scale[c];
  }
  crisp_team_barrier(team);
  for (size_t u = end; u-- > first;) {
    const size_t c = u % count * block;
    w->passes->apply(
        unit(w, w->x, u), unit(w, w->residual, u), (void *)unit(w, w->result, u), a->positions,
        l.scale + c, l.shift + c, n->lower, n->upper);
  }
}

void crisp_normalize(
    const crisp_normalization *n, const void *x, const void *residual, void *out) {
  work w = {
      .n = n,
      .passes = &crisp_passes_current()->block[n->shape.type][n->shape.block == 16],
      .x = x,
      .residual = residual,
      .result = out,
  };
  crisp_parallel(forward, &w, useful_threads(&n->shape));
}

// With xhat = (x - mean) / s, s = sqrt(variance + epsilon), m samples and g the gradient behind the
// clamp:  beta' = sum g,  gamma' = sum g xhat,  x' = gamma / s (g - beta' / m - xhat gamma' / m).
static void backward(crisp_team team, void *context) {
  const work *w = context;
  const crisp_normalization *n = w->n;
  const crisp_batch_shape *a = &n->shape;
  const size_t block = a->block, count = blocks(a), units = a->images * count;
  const lists l = lists_of(n);
  size_t first, end, first_block, end_block;
  crisp_share(team, units, &first, &end);
  crisp_share(team, count, &first_block, &end_block);
  // Statistics per channel, padded with zeros to whole blocks.
  for (size_t c = first_block * block; c < end_block * block; c++) {
    const int exists = c < a->channels;
    l.scale[c] = exists ? n->gamma[c] / sqrtf(n->variance[c] + n->epsilon) : 0;
    l.shift[c] = exists ? n->beta[c] - n->mean[c] * l.scale[c] : 0;
    l.pivot[c] = exists ? n->mean[c] : 0;
  }
  crisp_team_barrier(team);
  for (size_t u = first; u < end; u++) {
    const size_t c = u % count * block;
    w->passes->gradient_sums(
        unit(w, w->gradient_1, u), unit(w, w->gradient_2, u), unit(w, w->x, u),
        unit(w, w->out, u), (void *)unit(w, w->residual_gradient, u), a->positions, l.scale + c,
        l.shift + c, l.pivot + c, n->lower, n->upper, l.partial + u * 2 * block);
  }
  crisp_team_barrier(team);
  for (size_t c = first_block * block; c < end_block * block; c++) {
    l.slope[c] = l.offset[c] = 0;
    if (c >= a->channels) continue;
    double sums[2];
    total(n, l.partial, c, sums);
    const double deviation = sqrt((double)n->variance[c] + n->epsilon);
    const double gamma_gradient = sums[1] / deviation;
    w->beta_gradient[c] = (float)sums[0];
    w->gamma_gradient[c] = (float)gamma_gradient;
    if (n->batch_statistics) {
      const double samples = (double)(a->images * a->positions);
      const double scale = n->gamma[c] / deviation;
      const double slope = -scale * gamma_gradient / samples / deviation;
      l.slope[c] = (float)slope;
      l.offset[c] = (float)(-scale * sums[0] / samples - slope * n->mean[c]);
    }
  }
  crisp_team_barrier(team);
  // Where the masked gradient was written, it is read back: one stream instead of two or three.
  const int masked = w->residual_gradient != 0;
  for (size_t u = end; u-- > first;) {
    const size_t c = u % count * block;
    w->passes->gradient_apply(
        masked ? unit(w, w->residual_gradient, u) : unit(w, w->gradient_1, u),
        masked ? 0 : unit(w, w->gradient_2, u), unit(w, w->x, u),
        masked ? 0 : unit(w, w->out, u), (void *)unit(w, w->result, u), a->positions,
        l.scale + c, l.shift + c, l.slope + c, l.offset + c, masked ? -INFINITY : n->lower,
        masked ? INFINITY : n->upper);
  }
}

void crisp_normalize_backward(
    const crisp_normalization *n, const void *gradient_1, const void *gradient_2, const void *x,
    const void *out, void *residual_gradient, void *x_gradient, float *gamma_gradient,
    float *beta_gradient) {
  work w = {
      .n = n,
      .passes = &crisp_passes_current()->block[n->shape.type][n->shape.block == 16],
      .x = x,
      .gradient_1 = gradient_1,
      .gradient_2 = gradient_2,
      .out = out,
      .residual_gradient = residual_gradient,
      .result = x_gradient,
      .gamma_gradient = gamma_gradient,
      .beta_gradient = beta_gradient,
  };
  crisp_parallel(backward, &w, useful_threads(&n->shape));
}
