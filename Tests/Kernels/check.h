// What the checks of the kernels share. Every array is allocated to the element, so that
// AddressSanitizer sees whatever is read or written beyond it.
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "crisp_kernels.h"
#include "crisp_team.h"

// What outputs hold before a kernel runs.
#define UNTOUCHED 7.0f

// Random numbers, the same in every run.
size_t below(size_t count);
float uniform(void);

// `count` elements: random, or all `value`.
float *random_floats(size_t count);
float *filled_floats(size_t count, float value);
// Two of three positions hold a pixel.
int32_t *random_mask(size_t count);
void *exactly(size_t bytes);

size_t rounded_up(size_t count, size_t multiple);
double clamped_sum(double value, double lower, double upper);

// A half as a number.
double half_value(uint16_t half);

// What was compared so far.
extern size_t cases, failures;

// Counts a case; says which one failed unless `found` is `expected` to 1e-5 of `scale`, or both are
// no number.
int expect_near(float found, double expected, double scale, const char *what);
int expect(int condition, const char *what);

// A layer's weights for a check, and the same written out.
typedef struct {
  crisp_matrix matrix;
  // [output, rounded up to whole row groups][column].
  float *weights;
  size_t padded_outputs;
  // Floats that columns reach before the input's first position, and beyond.
  size_t before, beyond;
  void *memory[8];
} check_layer;

typedef struct {
  size_t outputs, columns, rows;
  // Hybrid pattern.
  size_t block, keep, value_size;
  // Where columns begin: a common stride; the taps of a kernel; anywhere.
  enum { STRIDED, TAPS, SCATTERED } order;
  // Whether halves are any bits at all.
  int any_halves;
} layer_shape;

check_layer packed_layer(layer_shape shape);
check_layer dense_layer(layer_shape shape, size_t divisions);
void free_layer(check_layer *layer);

void check_stretches(const crisp_kernels *kernels);
void check_decoding(const crisp_kernels *kernels);
void check_products(const crisp_kernels *kernels);
void check_depthwise(const crisp_kernels *kernels);
void check_planes(const crisp_kernels *kernels);
void check_pointwise(const crisp_kernels *kernels);
void check_teams(void);

#endif
