// Passes over values without a shape.
#include "crisp_training.h"
#include "parallel.h"
#include "passes.h"

typedef struct {
  const void *a, *b;
  float lower, upper;
  void *result;
  size_t count;
  void (*pass)(
      const void *a, const void *b, float lower, float upper, void *result, size_t first,
      size_t end);
} flat;

static void flat_body(crisp_team team, void *context) {
  const flat *f = context;
  size_t first, end;
  crisp_share(team, f->count, &first, &end);
  f->pass(f->a, f->b, f->lower, f->upper, f->result, first, end);
}

void crisp_add(
    const void *a, const void *b, float lower, float upper, void *result, size_t count, int type,
    int threads) {
  flat f = {a, b, lower, upper, result, count, crisp_passes_current()->add[type]};
  crisp_parallel(flat_body, &f, crisp_useful_threads(count, threads));
}

void crisp_clamp_backward(
    const void *gradient, const void *out, float lower, float upper, void *result, size_t count,
    int type, int threads) {
  flat f = {gradient, out, lower, upper, result, count, crisp_passes_current()->clamp_backward[type]};
  crisp_parallel(flat_body, &f, crisp_useful_threads(count, threads));
}

typedef struct {
  float *weights, *velocity;
  const float *gradient;
  const uint8_t *movable;
  size_t count;
  float momentum, decay, rate;
  const crisp_passes *passes;
} sgd_step;

static void sgd_body(crisp_team team, void *context) {
  const sgd_step *s = context;
  size_t first, end;
  crisp_share(team, s->count, &first, &end);
  s->passes->sgd(
      s->weights, s->velocity, s->gradient, s->movable, first, end, s->momentum, s->decay,
      s->rate);
}

void crisp_sgd_step(
    float *weights, float *velocity, const float *gradient, const uint8_t *movable, size_t count,
    float momentum, float decay, float rate, int threads) {
  sgd_step s = {
      weights, velocity, gradient, movable, count, momentum, decay, rate, crisp_passes_current(),
  };
  crisp_parallel(sgd_body, &s, crisp_useful_threads(count, threads));
}
