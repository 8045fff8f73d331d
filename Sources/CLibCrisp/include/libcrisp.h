/// @file libcrisp.h
/// Runs packed CRISP models (`NAME.crisp.safetensors`) on ordinary processors.
///
/// Open a model, describe it, run images through it, close it. Every function answers a
/// `crisp_status`, 0 when all went well; what went wrong in words stands in a `crisp_error`. No
/// argument and no file makes the library stop the process: NULL pointers, wrong counts and hostile
/// files are errors.
///
/// Threads: a handle runs one call at a time, so give each thread its own handle, or lock. Different
/// handles are independent. A handle's own threads (`crisp_options.threads`) are no concern of yours.
///
/// C99 and C++. All numbers are in the machine's byte order, all texts UTF-8 and ended by a zero.
#ifndef LIBCRISP_H
#define LIBCRISP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The version of this interface. It grows by new functions and status values; what is here keeps
/// its meaning, and no structure changes its layout.
#define LIBCRISP_VERSION_MAJOR 1
#define LIBCRISP_VERSION_MINOR 0

/// What a call came to. `crisp_error.code` says it more finely.
typedef enum crisp_status {
  /// All went well.
  CRISP_OK = 0,
  /// A NULL pointer, a count that does not fit, or an option that is out of range.
  CRISP_INVALID_ARGUMENT = 1,
  /// The file cannot be read.
  CRISP_UNREADABLE = 2,
  /// The bytes are no valid packed model.
  CRISP_INVALID_MODEL = 3,
  /// The file is of a later version of the format than this library knows.
  CRISP_UNKNOWN_VERSION = 4,
  /// The activations need more memory than a session takes; try a smaller batch capacity.
  CRISP_TOO_LARGE = 5,
  /// The system has no memory left.
  CRISP_OUT_OF_MEMORY = 6,
  /// Anything else; see `crisp_error`.
  CRISP_FAILED = 7
} crisp_status;

/// A failure in words. Both texts end with a zero; a message that is too long is cut.
typedef struct crisp_error {
  /// A stable identifier such as `truncated_data`, for programs.
  char code[64];
  /// One sentence for a person.
  char message[960];
} crisp_error;

/// How a model is prepared. Zeros mean the defaults: `crisp_options options = {0};`
typedef struct crisp_options {
  /// Most images of one call of `crisp_run`, 1 to 65536; 0 is 1. Activations are sized by it.
  uint32_t batch_capacity;
  /// Threads that one call uses, 1 to 256; 0 is 1. No more are taken than the process may use cores.
  uint32_t threads;
  /// Must be zero.
  uint32_t reserved[6];
} crisp_options;

/// What a model expects and answers. All pointers belong to the handle and live as long as it does.
typedef struct crisp_description {
  /// The shape of one image: its values are in NCHW order.
  size_t channels, height, width;
  /// Scores of one image.
  size_t class_count;
  /// Most images of one call.
  size_t batch_capacity;
  /// `class_count` texts, in the order of the scores.
  const char *const *labels;
  /// One value a channel: an input is (pixel / 255 - mean) / deviation.
  const float *mean, *deviation;
  /// Pixels of a picture's shorter side before the centre is cut out; 0 when the whole picture is
  /// stretched to height x width.
  size_t resize;
} crisp_description;

/// A model that is ready to run.
typedef struct crisp_model crisp_model;

/// Opens a packed file.
///
/// @param path    the file's path
/// @param options NULL takes the defaults
/// @param model   receives the handle, or NULL when the call fails; close it with `crisp_close`
/// @param error   receives the failure; may be NULL. Not touched when all goes well
crisp_status crisp_open(
    const char *path, const crisp_options *options, crisp_model **model, crisp_error *error);

/// Opens a packed file that is in memory. The bytes are copied: they may go when the call returns.
///
/// @param bytes the file's content
/// @param size  its bytes
crisp_status crisp_open_memory(
    const void *bytes, size_t size, const crisp_options *options, crisp_model **model,
    crisp_error *error);

/// Says what the model expects and answers.
crisp_status crisp_describe(const crisp_model *model, crisp_description *description);

/// Scores (logits) of images that are normalised already.
///
/// @param images      image after image, each channel after channel, row after row
/// @param image_values values behind `images`: 1 to `batch_capacity` times channels x height x width
/// @param scores      receives [image][class]
/// @param score_values values behind `scores`: as many times `class_count`
crisp_status crisp_run(
    crisp_model *model, const float *images, size_t image_values, float *scores,
    size_t score_values);

/// Scores (logits) of 8-bit pictures that have the input's size already; they are normalised here.
///
/// @param pixels image after image, row after row, pixel after pixel, the channels of a pixel
///               together (RGBRGB…)
/// @param pixel_values as `image_values` of `crisp_run`
crisp_status crisp_run_pixels(
    crisp_model *model, const uint8_t *pixels, size_t pixel_values, float *scores,
    size_t score_values);

/// Why the last call with this handle failed; empty texts when none has.
crisp_status crisp_last_error(const crisp_model *model, crisp_error *error);

/// Gives everything back that belongs to the handle, which must not be used afterwards. NULL is
/// allowed.
crisp_status crisp_close(crisp_model *model);

#ifdef __cplusplus
}
#endif

#endif
