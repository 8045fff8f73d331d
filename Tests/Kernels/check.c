// Random cases and comparisons.
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 1;
size_t cases, failures;

size_t below(size_t count) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(state >> 33) % count;
}

float uniform(void) { return (float)below(1 << 20) / (1 << 19) - 1; }

void *exactly(size_t bytes) {
  void *memory = malloc(bytes);
  if (!memory) {
    puts("FAIL out of memory");
    exit(1);
  }
  return memory;
}

float *random_floats(size_t count) {
  float *values = exactly(count * sizeof(float));
  for (size_t i = 0; i < count; i++) values[i] = uniform();
  return values;
}

float *filled_floats(size_t count, float value) {
  float *values = exactly(count * sizeof(float));
  for (size_t i = 0; i < count; i++) values[i] = value;
  return values;
}

int32_t *random_mask(size_t count) {
  int32_t *mask = exactly(count * sizeof(int32_t));
  for (size_t i = 0; i < count; i++) mask[i] = below(3) ? -1 : 0;
  return mask;
}

size_t rounded_up(size_t count, size_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

double clamped_sum(double value, double lower, double upper) {
  return value < lower ? lower : value > upper ? upper : value;
}

double half_value(uint16_t half) {
  const int sign = half >> 15 ? -1 : 1, exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * ldexp(fraction, -24);
  return sign * ldexp(1024 + fraction, exponent - 25);
}

int expect(int condition, const char *what) {
  cases++;
  // The first ones say enough.
  if (!condition && failures++ < 20) printf("  failed: %s\n", what);
  return condition;
}

int expect_near(float found, double expected, double scale, const char *what) {
  const int equal = isnan(expected) ? isnan(found)
      : isinf(expected)             ? found == expected
                                    : fabs(found - expected) <= 1e-5 * scale;
  if (!equal && failures < 20) printf("  %.9g instead of %.9g\n", found, expected);
  return expect(equal, what);
}
