// Tells ThreadSanitizer when Synchronization's Mutex is taken and given back, for Tests/sanitized.sh.
//
// On Linux a Mutex is a futex: without contention its word is exchanged by code that is compiled into
// the program and that ThreadSanitizer sees; with contention two functions of Swift's library, which is
// not instrumented, leave it to the kernel (Swift, stdlib/public/Synchronization/Mutex/LinuxImpl.swift).
// Whatever such a lock protects would be reported. Preloaded, these two stand before the library's, and
// say what they do on the mutex's address, where the atomic exchanges are seen too.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT_CALL __attribute__((swiftcall))
#define SWIFT_SELF __attribute__((swift_context))

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT_CALL void crisp_lock_slowly(uint32_t thread, SWIFT_SELF void *mutex) __asm__(LOCK);
SWIFT_CALL void crisp_unlock_slowly(SWIFT_SELF void *mutex) __asm__(UNLOCK);

typedef SWIFT_CALL void lock_function(uint32_t, SWIFT_SELF void *);
typedef SWIFT_CALL void unlock_function(SWIFT_SELF void *);

static lock_function *library_lock;
static unlock_function *library_unlock;

__attribute__((constructor)) static void find(void) {
  library_lock = (lock_function *)dlsym(RTLD_NEXT, LOCK);
  library_unlock = (unlock_function *)dlsym(RTLD_NEXT, UNLOCK);
}

SWIFT_CALL void crisp_lock_slowly(uint32_t thread, SWIFT_SELF void *mutex) {
  library_lock(thread, mutex);
  __tsan_acquire(mutex);
}

SWIFT_CALL void crisp_unlock_slowly(SWIFT_SELF void *mutex) {
  __tsan_release(mutex);
  library_unlock(mutex);
}
