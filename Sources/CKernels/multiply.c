// Which kernels run, on which positions and weights.
#include <string.h>

#include "crisp_processor.h"
#include "kernel_tables.h"

const crisp_kernels *crisp_kernels_named(const char *name) {
#if defined(__x86_64__)
  const int common = __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  if (!strcmp(name, crisp_kernels_avx512.name)) {
    const int supported =
        common && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        crisp_limit_allows(crisp_limit_avx512_core);
    return supported ? &crisp_kernels_avx512 : 0;
  }
  if (!strcmp(name, crisp_kernels_avx2.name))
    return common && __builtin_cpu_supports("avx2") && crisp_limit_allows(crisp_limit_avx2)
               ? &crisp_kernels_avx2
               : 0;
#elif defined(__aarch64__)
  if (!strcmp(name, crisp_kernels_neon.name))
    return crisp_limit_allows(crisp_limit_avx2) ? &crisp_kernels_neon : 0;
#endif
  return strcmp(name, crisp_kernels_scalar.name) ? 0 : &crisp_kernels_scalar;
}

#define FOUR(M, slot) M(slot), M(slot + 1), M(slot + 2), M(slot + 3)
#define SIXTEEN(M, slot) FOUR(M, slot), FOUR(M, slot + 4), FOUR(M, slot + 8), FOUR(M, slot + 12)
#define SIXTY_FOUR(M) SIXTEEN(M, 0), SIXTEEN(M, 16), SIXTEEN(M, 32), SIXTEEN(M, 48)
#define OF_ONE(slot) (slot) * 4
#define OF_TWO(slot) (slot) / 2 * 4
#define OF_THREE(slot) (slot) / 3 * 4
const int32_t first_columns_of[3][64] = {
    {SIXTY_FOUR(OF_ONE)}, {SIXTY_FOUR(OF_TWO)}, {SIXTY_FOUR(OF_THREE)}};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static size_t divided_up(size_t count, size_t by) { return (count + by - 1) / by; }

static size_t row_index(size_t rows) { return rows == 4 ? 2 : rows - 1; }

// The pieces, each as wide as one kernel, that the positions of a layer are cut into.
typedef struct {
  const crisp_runs *runs;
  size_t lanes, vectors, pieces, count;
} cut;

static cut cut_positions(const crisp_kernels *kernels, const crisp_runs *runs, size_t widest) {
  cut result = {.runs = runs, .lanes = kernels->lanes};
  // The last vector of a run may reach beyond it.
  result.vectors = divided_up(runs->length, kernels->lanes);
  result.pieces = divided_up(result.vectors, widest);
  result.count = runs->outer * runs->inner * result.pieces;
  return result;
}

typedef struct {
  size_t position, vectors;
} place;

static place place_of(const cut *cut, size_t item) {
  const size_t run = item / cut->pieces, piece = item % cut->pieces;
  // Pieces of nearly equal width: a narrow remainder would leave multiply-add units idle.
  const size_t begin = piece * cut->vectors / cut->pieces;
  const size_t end = (piece + 1) * cut->vectors / cut->pieces;
  const crisp_runs *runs = cut->runs;
  return (place){
      run / runs->inner * runs->outer_stride + run % runs->inner * runs->inner_stride +
          begin * cut->lanes,
      end - begin};
}

// A range of positions (pieces) and of row groups.
typedef struct {
  size_t first_item, end_item, first_group, end_group;
} share;

static share share_of(const crisp_matrix *matrix, const cut *cut, size_t part, size_t parts) {
  const size_t groups = divided_up(matrix->outputs, matrix->rows);
  share whole = {0, cut->count, 0, groups};
  if (parts == 1) return whole;
  // Many positions are shared out, so that a layer finds in its cache what the last one left there;
  // few are not, since every part would have to read all weights.
  if (cut->count >= 8 * parts) {
    whole.first_item = part * cut->count / parts;
    whole.end_item = (part + 1) * cut->count / parts;
  } else {
    whole.first_group = part * groups / parts;
    whole.end_group = (part + 1) * groups / parts;
  }
  return whole;
}

// Points a stretch at some rows of a piece.
static void aim(
    crisp_stretch *stretch, const crisp_matrix *matrix, const crisp_operands *operands,
    size_t position, size_t row, int starts) {
  stretch->input = operands->input + position;
  stretch->output = operands->output + row * operands->output_stride + position;
  stretch->bias = starts ? matrix->bias + row : 0;
  if (!stretch->finishes) return;
  stretch->residual =
      operands->residual ? operands->residual + row * operands->residual_stride + position : 0;
  stretch->mask = operands->mask ? operands->mask + position : 0;
}

static crisp_stretch stretch_of(const crisp_operands *operands) {
  return (crisp_stretch){
      .output_stride = operands->output_stride,
      .residual_stride = operands->residual_stride,
      .lower = operands->lower,
      .upper = operands->upper,
  };
}

static void multiply_dense(
    const crisp_kernels *kernels, const crisp_matrix *matrix, const crisp_plan *plan,
    const crisp_operands *operands, const cut *cut, share share) {
  const crisp_kernel *table = kernels->kernels[row_index(matrix->rows)];
  const size_t rows = matrix->rows;
  const size_t groups = divided_up(matrix->outputs / matrix->divisions, rows);
  crisp_stretch stretch = stretch_of(operands);
  stretch.value_stride = matrix->columns;
  for (size_t first = share.first_item; first < share.end_item; first += plan->strip) {
    const size_t end = smaller(first + plan->strip, share.end_item);
    // Divisions are whole row groups.
    for (size_t group = share.first_group; group < share.end_group;) {
      const size_t division = group / groups;
      const size_t count = smaller((division + 1) * groups, share.end_group) - group;
      for (size_t column = 0; column < matrix->columns; column += plan->depth) {
        stretch.taps = smaller(plan->depth, matrix->columns - column);
        stretch.finishes = column + stretch.taps == matrix->columns;
        stretch.offsets = matrix->column_offsets + column;
        stretch.values = matrix->dense + group * rows * matrix->columns + column;
        for (size_t item = first; item < end; item++) {
          const place place = place_of(cut, item);
          aim(&stretch, matrix, operands, place.position, group * rows, column == 0);
          stretch.input += division * matrix->division_stride;
          table[place.vectors - 1](&stretch, count);
        }
      }
      group += count;
    }
  }
}

// Starts to fetch the columns of some tiles while their weights are written out.
static void fetch(
    const crisp_matrix *matrix, const uint16_t *block_columns, size_t tiles, const float *input,
    size_t length) {
  enum { LINE = 16 };
  for (size_t t = 0; t < tiles; t++) {
    const int32_t *offsets = matrix->column_offsets + block_columns[t] * matrix->block;
    for (size_t c = 0; c < matrix->block; c++)
      for (size_t i = 0; i < length; i += LINE) __builtin_prefetch(input + offsets[c] + i);
  }
}

static void multiply_packed(
    const crisp_kernels *kernels, const crisp_matrix *matrix, const crisp_plan *plan,
    const crisp_operands *operands, const cut *cut, share share, const crisp_scratch *scratch) {
  const crisp_kernel *table = kernels->kernels[row_index(matrix->rows)];
  const size_t rows = matrix->rows, block = matrix->block, block_groups = block / rows;
  const size_t slots = block / 4 * matrix->keep;
  const size_t panel_stride = plan->packs ? plan->vectors * kernels->lanes : 0;
  crisp_stretch stretch = stretch_of(operands);
  stretch.values = scratch->values;
  stretch.offsets = scratch->offsets;
  for (size_t first = share.first_item; first < share.end_item; first += plan->strip) {
    const size_t end = smaller(first + plan->strip, share.end_item);
    for (size_t group = share.first_group; group < share.end_group;) {
      const size_t block_row = group / block_groups;
      const size_t count = smaller((block_row + 1) * block_groups, share.end_group) - group;
      for (size_t tile = 0; tile < matrix->kept_tiles; tile += plan->depth) {
        const size_t tiles = smaller(plan->depth, matrix->kept_tiles - tile);
        const crisp_selection selection = {
            .block_row = block_row,
            .first_tile = tile,
            .tiles = tiles,
            .first_group = group - block_row * block_groups,
            .groups = count,
            .panel_stride = panel_stride,
            .values = scratch->values,
            .offsets = scratch->offsets,
            .stride = tiles * slots + kernels->lanes,
        };
        stretch.taps = tiles * slots;
        stretch.value_stride = stretch.offset_stride = selection.stride;
        stretch.finishes = tile + tiles == matrix->kept_tiles;
        const uint16_t *block_columns =
            matrix->block_columns + block_row * matrix->kept_tiles + tile;
        const place start = place_of(cut, first);
        fetch(
            matrix, block_columns, tiles, operands->input + start.position,
            start.vectors * kernels->lanes);
        kernels->decode(matrix, &selection);
        for (size_t item = first; item < end; item++) {
          const place place = place_of(cut, item);
          aim(&stretch, matrix, operands, place.position, group * rows, tile == 0);
          // The next piece of the run; its last vectors may not exist, which does no harm.
          stretch.ahead = item + 1 < end ? place.vectors * kernels->lanes : 0;
          if (panel_stride) {
            stretch.ahead = 0;
            for (size_t t = 0; t < tiles; t++)
              kernels->pack(
                  stretch.input, matrix->column_offsets + block_columns[t] * block, block,
                  place.vectors, scratch->panel + t * block * panel_stride, panel_stride);
            stretch.input = scratch->panel;
          }
          table[place.vectors - 1](&stretch, count);
        }
      }
      group += count;
    }
  }
}

// Floats beyond the last column that a kernel may read: the rest of a block, and of a vector.
enum { BEYOND = 2 * 64 };

// One position: y = W x, rows shared out.
static void multiply_vector(
    const crisp_kernels *kernels, const crisp_matrix *matrix, const crisp_operands *operands,
    size_t part, size_t parts, float *gathered) {
  for (size_t c = 0; c < matrix->columns; c++)
    gathered[c] = operands->input[matrix->column_offsets[c]];
  // Slots beyond the matrix are zero, but zero times what an earlier image left here may be none.
  memset(gathered + matrix->columns, 0, BEYOND * sizeof(float));
  // Parts begin at whole row groups.
  const size_t fours = divided_up(matrix->outputs, 4);
  const size_t end = smaller((part + 1) * fours / parts * 4, matrix->outputs);
  for (size_t row = part * fours / parts * 4; row < end;) {
    const size_t block_row = row / matrix->block, in_block = row % matrix->block;
    const size_t count = smaller(matrix->block - in_block, end - row);
    float sums[64];
    kernels->dot(matrix, block_row, in_block, count, gathered, sums);
    for (size_t r = 0; r < count; r++) {
      float value = sums[r] + matrix->bias[row + r];
      if (operands->residual) value += operands->residual[(row + r) * operands->residual_stride];
      value = value < operands->lower ? operands->lower : value;
      value = value > operands->upper ? operands->upper : value;
      operands->output[(row + r) * operands->output_stride] = value;
    }
    row += count;
  }
}

crisp_scratch_sizes crisp_scratch_needed(
    const crisp_kernels *kernels, const crisp_matrix *matrix, const crisp_plan *plan) {
  if (plan->dots) return (crisp_scratch_sizes){0, 0, matrix->columns + BEYOND};
  if (matrix->dense) return (crisp_scratch_sizes){0, 0, 0};
  const size_t slots = matrix->block / 4 * matrix->keep;
  const size_t tiles = smaller(plan->depth, matrix->kept_tiles);
  const size_t stride = tiles * slots + kernels->lanes;
  return (crisp_scratch_sizes){
      .values = matrix->block * stride,
      .offsets = matrix->block / matrix->rows * stride,
      .panel = plan->packs ? tiles * matrix->block * plan->vectors * kernels->lanes : 0,
  };
}

void crisp_multiply(
    const crisp_kernels *kernels, const crisp_matrix *matrix, const crisp_plan *plan,
    const crisp_operands *operands, size_t part, size_t parts, const crisp_scratch *scratch) {
  if (plan->dots) {
    multiply_vector(kernels, matrix, operands, part, parts, scratch->panel);
    return;
  }
  const cut cut = cut_positions(kernels, &operands->runs, plan->vectors);
  const share share = share_of(matrix, &cut, part, parts);
  if (matrix->dense) {
    multiply_dense(kernels, matrix, plan, operands, &cut, share);
  } else {
    multiply_packed(kernels, matrix, plan, operands, &cut, share, scratch);
  }
}
