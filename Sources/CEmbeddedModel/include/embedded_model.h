#ifndef CRISP_EMBEDDED_MODEL_H
#define CRISP_EMBEDDED_MODEL_H

#include <stddef.h>

/// The universal model that comes with the server: a dense safetensors file.
/// Documentation/researchers.md says how it was trained.
const void *crisp_embedded_model(void);

/// Its bytes.
size_t crisp_embedded_model_size(void);

#endif
