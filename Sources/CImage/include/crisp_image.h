// Picture decoders: libspng (PNG) and libwebp as they are, libjpeg through functions of our own,
// because its errors and warnings need longjmp, which Swift has not.
#ifndef CRISP_IMAGE_H
#define CRISP_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <spng.h>
#include <webp/decode.h>

/// What is known of a JPEG picture after its header, and what became of it.
typedef struct {
  /// Pixels of the picture as it is stored, whatever the reduction.
  int width, height;
  /// 1 (grey) or 3 (red, green, blue), as it is decoded.
  int channels;
  /// Why a call failed, in libjpeg's words; empty after one that did not.
  char failure[256];
} crisp_jpeg_picture;

/// Reads a picture's header. Returns 1, or 0 with `failure` set.
int crisp_jpeg_header(const uint8_t *bytes, size_t size, crisp_jpeg_picture *picture);

/// Decodes a picture whose sides are divided by `reduction` (1, 2, 4 or 8) and rounded up, row by row
/// with channels interleaved, into `pixels`, which has room for `capacity` bytes. Returns 1, or 0 with
/// `failure` set.
///
/// libjpeg warns where it goes on after a fault. Warnings that leave the picture whole are passed
/// over; those after which a part of it is made up fail the call.
int crisp_jpeg_decode(const uint8_t *bytes, size_t size, int reduction, uint8_t *pixels,
                      size_t capacity, crisp_jpeg_picture *picture);

#endif
