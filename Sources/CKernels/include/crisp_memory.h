// Memory for activations and weights.
#ifndef CRISP_MEMORY_H
#define CRISP_MEMORY_H

#include <stddef.h>

// Zeroed memory that starts at a cache line, on huge pages where it is large; null when there is none.
void *crisp_allocate(size_t bytes);

// Frees what crisp_allocate returned; null is allowed.
void crisp_free(void *memory);

#endif
