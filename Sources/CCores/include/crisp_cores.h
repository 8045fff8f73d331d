// What Swift cannot ask the system without Foundation.
#ifndef CRISP_CORES_H
#define CRISP_CORES_H

#include <stddef.h>

// Processors that the calling thread may run on; where there is no affinity, those that are there. At
// least 1.
int crisp_allowed_processors(void);

// Reads up to `capacity` bytes of a file: how many there were, or -1 with errno.
long crisp_read_file(const char *path, char *buffer, size_t capacity);

#endif
