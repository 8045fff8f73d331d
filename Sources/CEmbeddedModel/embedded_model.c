#include "embedded_model.h"

// C23's #embed: the compiler takes the file in as it is. SwiftPM's .embedInCode would write a
// Swift array literal of a million numbers, which takes minutes to compile.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char model[] __attribute__((aligned(64))) = {
#embed "resnet18-fashion-mnist.safetensors"
};

const void *crisp_embedded_model(void) { return model; }

size_t crisp_embedded_model_size(void) { return sizeof model; }
