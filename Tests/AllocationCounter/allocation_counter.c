// The program's own malloc and its kin come before glibc's (The GNU C Library Reference Manual,
// "Replacing malloc"), under whose other names the originals remain. `free` is glibc's.
#include "allocation_counter.h"

#include <errno.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(SANITIZED)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local int counts;
static _Thread_local size_t allocations;

static void count(void) {
  if (counts) allocations++;
}

void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  count();
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  count();
  if (alignment < sizeof(void *) || (alignment & (alignment - 1))) return EINVAL;
  void *const result = __libc_memalign(alignment, size);
  if (!result) return ENOMEM;
  *memory = result;
  return 0;
}

int allocations_can_be_counted(void) { return 1; }

void allocations_start(void) {
  allocations = 0;
  counts = 1;
}

size_t allocations_stop(void) {
  counts = 0;
  return allocations;
}

#else

int allocations_can_be_counted(void) { return 0; }
void allocations_start(void) {}
size_t allocations_stop(void) { return 0; }

#endif
