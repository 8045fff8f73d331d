// Counts what a thread asks the system's allocator for.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stddef.h>

// Whether allocations can be counted here: with glibc, and without a sanitizer, which brings an
// allocator of its own.
int allocations_can_be_counted(void);

// Begins to count the allocations of this thread.
void allocations_start(void);

// Ends it; the number of calls that asked for memory.
size_t allocations_stop(void);

#endif
