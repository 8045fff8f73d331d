#define _GNU_SOURCE
#include "crisp_cores.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#if defined(__linux__)
#include <sched.h>
#endif

static int online(void) {
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 && count < 1 << 20 ? (int)count : 1;
}

int crisp_allowed_processors(void) {
#if defined(__linux__)
  // The kernel refuses sets that are too small for its processors (sched_setaffinity(2), "Handling
  // systems with large CPU affinity masks"); cpu_set_t itself has room for 1024.
  for (size_t processors = CPU_SETSIZE; processors <= 1 << 20; processors *= 4) {
    cpu_set_t *set = CPU_ALLOC(processors);
    if (!set) break;
    const size_t size = CPU_ALLOC_SIZE(processors);
    const int failed = sched_getaffinity(0, size, set) ? errno : 0;
    const int count = failed ? 0 : CPU_COUNT_S(size, set);
    CPU_FREE(set);
    if (count > 0) return count;
    if (failed != EINVAL) break;
  }
#endif
  return online();
}

long crisp_read_file(const char *path, char *buffer, size_t capacity) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  size_t count = 0;
  while (count < capacity) {
    const ssize_t part = read(file, buffer + count, capacity - count);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) {
      const int reason = errno;
      close(file);
      errno = reason;
      return -1;
    }
    if (part == 0) break;
    count += (size_t)part;
  }
  close(file);
  return (long)count;
}
