// zlib, and the system calls that Glibc's Swift overlay does not import.
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

// Linux keeps a nice value per thread (setpriority(2), "C library/kernel differences"); threads
// made later by this one inherit it. Returns 0, or -1 with errno.
static inline int crisp_set_thread_nice(int nice) {
  return setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice);
}

// Starts a program whose standard input is `channel`, both ways, and whose standard output goes where
// standard error goes. It gets no other descriptor, no blocked signal, and a process group of its own: a
// terminal's Ctrl-C is for the program that started it. Returns its identifier, or an error number below 0.
static inline int crisp_spawn(
    const char *program, char *const *arguments, char *const *environment, int channel) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  pid_t child = 0;
  int error = posix_spawn_file_actions_init(&actions);
  if (error != 0) return -error;
  error = posix_spawnattr_init(&attributes);
  if (error != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return -error;
  }
  sigemptyset(&none);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, channel, 0);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, 2, 1);
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &none);
  if (error == 0) error = posix_spawnattr_setpgroup(&attributes, 0);
  if (error == 0) {
    error = posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  if (error == 0) error = posix_spawn(&child, program, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? child : -error;
}

// Has the kernel kill this process when the thread that started it ends (PR_SET_PDEATHSIG, prctl(2)).
// Returns 0, or -1 when the parent has gone already.
static inline int crisp_die_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == parent ? 0 : -1;
}
