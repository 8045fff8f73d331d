// zlib, and the system calls that Glibc's Swift overlay does not import.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

// Linux keeps a nice value per thread (setpriority(2), "C library/kernel differences"); threads
// made later by this one inherit it. Returns 0, or -1 with errno.
static inline int crisp_set_thread_nice(int nice) {
  return setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice);
}
