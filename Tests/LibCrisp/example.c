// Classifies a picture with libcrisp: example MODEL.crisp.safetensors PICTURE.ppm
//
//   cc example.c $(pkg-config --cflags --libs libcrisp) -o example
//
// Prints the score of each class and the best one. The picture has the model's input size.
#include <libcrisp.h>
#include <stdio.h>
#include <stdlib.h>

// The pixels of a binary PPM (P6) or PGM (P5) file, or NULL.
static uint8_t *read_pixels(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  char kind;
  unsigned width, height;
  uint8_t *pixels = NULL;
  if (!file) return NULL;
  if (fscanf(file, "P%c %u %u 255", &kind, &width, &height) == 3 && fgetc(file) != EOF &&
      width <= 4096 && height <= 4096) {
    *count = (size_t)width * height * (kind == '6' ? 3 : 1);
    pixels = malloc(*count);
    if (pixels && fread(pixels, 1, *count, file) != *count) {
      free(pixels);
      pixels = NULL;
    }
  }
  fclose(file);
  return pixels;
}

int main(int argc, char **argv) {
  crisp_model *model;
  crisp_error error;
  crisp_description about;
  if (argc != 3) return 2;
  if (crisp_open(argv[1], NULL, &model, &error) != CRISP_OK) {
    fprintf(stderr, "%s: %s\n", error.code, error.message);
    return 1;
  }
  crisp_describe(model, &about);

  size_t count = 0;
  uint8_t *pixels = read_pixels(argv[2], &count);
  float *scores = malloc(about.class_count * sizeof *scores);
  int status = 1;
  if (!pixels || !scores) {
    fprintf(stderr, "%s: no PPM or PGM picture\n", argv[2]);
  } else if (crisp_run_pixels(model, pixels, count, scores, about.class_count) != CRISP_OK) {
    crisp_last_error(model, &error);
    fprintf(stderr, "%s: %s\n", error.code, error.message);
  } else {
    size_t best = 0;
    for (size_t i = 0; i < about.class_count; i++) {
      printf("%.9g\t%s\n", scores[i], about.labels[i]);
      if (scores[i] > scores[best]) best = i;
    }
    printf("best: %s\n", about.labels[best]);
    status = 0;
  }
  free(scores);
  free(pixels);
  crisp_close(model);
  return status;
}
