#include "crisp_image.h"

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

// Scans of a progressive picture, each a pass over all of it: as libturbojpeg's TJFLAG_LIMITSCANS.
enum { MOST_SCANS = 500 };

typedef struct {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  const uint8_t *bytes;
  size_t size;
  JSAMPLE *row;
  crisp_jpeg_picture *picture;
  jmp_buf escape;
} decoder;

static void fail(j_common_ptr common) {
  decoder *self = (decoder *)common->client_data;
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  snprintf(self->picture->failure, sizeof self->picture->failure, "%s", text);
  longjmp(self->escape, 1);
}

static void fail_with(decoder *self, const char *text) {
  snprintf(self->picture->failure, sizeof self->picture->failure, "%s", text);
  longjmp(self->escape, 1);
}

// Whether the bytes that were skipped before the end of the picture only fill it up, as those of
// webcams do; what a damaged picture leaves over is anything else.
static int is_padding(decoder *self, int count) {
  const uint8_t *end = self->bytes + self->size;
  const uint8_t *at = end - self->info.src->bytes_in_buffer;
  if (at - self->bytes >= 2) at -= 2;  // the marker itself may have been taken already
  while (at + 1 < end && !(at[0] == 0xFF && at[1] == 0xD9)) at++;
  if (at + 1 >= end || count < 0 || at - self->bytes < count) return 0;
  for (const uint8_t *byte = at - count; byte < at; byte++) {
    if (*byte != 0x00 && *byte != 0xFF) return 0;
  }
  return 1;
}

// What libjpeg complains of although every pixel is there. Phones of Samsung's write wrong parameters
// into the start of scan, webcams bytes between segments, old programs odd JFIF versions.
static int is_harmless(decoder *self) {
  switch (self->errors.msg_code) {
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
      return 1;
    case JWRN_EXTRANEOUS_DATA:
      // Before the first scan there is no pixel that could be lost.
      return self->info.input_scan_number == 0 ||
             (self->errors.msg_parm.i[1] == 0xD9 &&
              is_padding(self, self->errors.msg_parm.i[0]));
    default:
      return 0;
  }
}

static void hear(j_common_ptr common, int level) {
  decoder *self = (decoder *)common->client_data;
  if (level < 0 && !is_harmless(self)) fail(common);
}

static void say_nothing(j_common_ptr common) { (void)common; }

static void count_scans(j_common_ptr common) {
  decoder *self = (decoder *)common->client_data;
  if (self->info.input_scan_number > MOST_SCANS) fail_with(self, "it has more than 500 scans");
}

static void begin(decoder *self, const uint8_t *bytes, size_t size, crisp_jpeg_picture *picture) {
  memset(self, 0, sizeof *self);
  memset(picture, 0, sizeof *picture);
  self->bytes = bytes;
  self->size = size;
  self->picture = picture;
  self->info.err = jpeg_std_error(&self->errors);
  self->info.client_data = self;
  self->errors.error_exit = fail;
  self->errors.emit_message = hear;
  self->errors.output_message = say_nothing;
  self->progress.progress_monitor = count_scans;
}

static void read_header(decoder *self) {
  jpeg_create_decompress(&self->info);  // keeps err and client_data
  self->info.progress = &self->progress;
  jpeg_mem_src(&self->info, self->bytes, self->size);
  jpeg_read_header(&self->info, TRUE);
  switch (self->info.jpeg_color_space) {
    case JCS_GRAYSCALE:
      self->info.out_color_space = JCS_GRAYSCALE;
      break;
    case JCS_RGB:
    case JCS_YCbCr:
      self->info.out_color_space = JCS_RGB;
      break;
    case JCS_CMYK:
    case JCS_YCCK:
      self->info.out_color_space = JCS_CMYK;
      break;
    default:
      fail_with(self, "its colours are neither grey, RGB nor CMYK");
  }
  self->picture->width = (int)self->info.image_width;
  self->picture->height = (int)self->info.image_height;
  self->picture->channels = self->info.out_color_space == JCS_GRAYSCALE ? 1 : 3;
}

// Inks to light without a profile, as viewers without colour management show it. Adobe's programs
// store how much ink is missing, and say that they wrote the file.
static void convert_inks(decoder *self, const JSAMPLE *inks, uint8_t *colours) {
  const int flip = self->info.saw_Adobe_marker ? 0 : 255;
  for (JDIMENSION x = 0; x < self->info.output_width; x++, inks += 4, colours += 3) {
    const int key = inks[3] ^ flip;
    for (int i = 0; i < 3; i++) colours[i] = (uint8_t)(((inks[i] ^ flip) * key + 127) / 255);
  }
}

static void read_rows(decoder *self, int reduction, uint8_t *pixels, size_t capacity) {
  struct jpeg_decompress_struct *info = &self->info;
  info->scale_num = 1;
  info->scale_denom = (unsigned int)reduction;
  jpeg_start_decompress(info);
  const size_t stride = (size_t)info->output_width * (size_t)self->picture->channels;
  if (stride * info->output_height > capacity) fail_with(self, "its size contradicts its header");
  const int has_inks = info->out_color_space == JCS_CMYK;
  if (has_inks) {
    self->row = malloc((size_t)info->output_width * 4);
    if (self->row == NULL) fail_with(self, "out of memory");
  }
  while (info->output_scanline < info->output_height) {
    uint8_t *out = pixels + stride * info->output_scanline;
    JSAMPROW row = has_inks ? self->row : out;
    if (jpeg_read_scanlines(info, &row, 1) != 1) fail_with(self, "it ends early");
    if (has_inks) convert_inks(self, self->row, out);
  }
  jpeg_finish_decompress(info);
}

static int end(decoder *self, int result) {
  jpeg_destroy_decompress(&self->info);
  free(self->row);
  free(self);
  return result;
}

// On the heap: what changes after setjmp must not live in a register.
static decoder *allocate(crisp_jpeg_picture *picture) {
  decoder *self = malloc(sizeof(decoder));
  if (self == NULL) {
    memset(picture, 0, sizeof *picture);
    snprintf(picture->failure, sizeof picture->failure, "out of memory");
  }
  return self;
}

int crisp_jpeg_header(const uint8_t *bytes, size_t size, crisp_jpeg_picture *picture) {
  decoder *self = allocate(picture);
  if (self == NULL) return 0;
  begin(self, bytes, size, picture);
  if (setjmp(self->escape)) return end(self, 0);
  read_header(self);
  return end(self, 1);
}

int crisp_jpeg_decode(const uint8_t *bytes, size_t size, int reduction, uint8_t *pixels,
                      size_t capacity, crisp_jpeg_picture *picture) {
  decoder *self = allocate(picture);
  if (self == NULL) return 0;
  begin(self, bytes, size, picture);
  if (setjmp(self->escape)) return end(self, 0);
  read_header(self);
  read_rows(self, reduction, pixels, capacity);
  return end(self, 1);
}
