// Tells libgomp's threads to sleep when they wait long, before libgomp reads its settings.
//
// libgomp's threads spin at barriers by default. On a machine that serves requests, or trains more
// than one network, a spinning thread takes the core from the one it waits for: measured, a
// personalisation beside another busy process took three times as long. 5,000 looks at the lock are
// about 60 µs, longer than the gap between two of a small network's steps: measured on ResNet-20 with
// two threads, threads that sleep at once train 30 % slower than threads that spin for ever, these
// within 5 %.
//
// libgomp reads its settings once, in its own initialiser (GCC manual, "OpenMP Environment
// Variables"), which runs before any line of a program: setenv() in main comes too late. Earlier than
// every library's initialiser are the functions of a program's .preinit_array (System V gABI,
// "Initialization and Termination Functions"), but there libc is not ready either: setenv() would
// change a list that libc replaces by the kernel's (glibc, csu/init-first.c and elf/dl-init.c). What
// libc will take is the kernel's list itself, which has no room for one more. So one entry that no
// library reads so early is lent to the setting, and put back by this program's initialiser, which
// runs after those of all libraries. A setting that the user made stands; where there is no entry to
// lend, the threads spin, and the program merely runs slower beside others.

#include <stddef.h>

// Sanitizers that start later must find nothing of theirs in here.
#if defined(__clang__)
#define EARLY __attribute__((no_sanitize("address", "thread", "undefined", "coverage"), used))
#else
#define EARLY __attribute__((used))
#endif

static char setting[] = "GOMP_SPINCOUNT=5000";
// Volatile: compilers take an initialiser for the first code that runs, and drop one that would find
// nothing to do.
static char **volatile lent_place;
static char *lent_entry;

EARLY static int is_named(const char *entry, const char *name) {
  while (*name && *entry == *name) {
    entry++;
    name++;
  }
  return !*name && *entry == '=';
}

EARLY static void lend(int count, char **arguments, char **environment) {
  (void)count;
  (void)arguments;
  // What shells and service managers set, and programs read, if at all, when they run. The first that
  // is there is taken.
  static const char *const lendable[] = {"OLDPWD", "SHLVL", "PWD",     "LOGNAME",
                                         "USER",   "MAIL",  "INVOCATION_ID", "_",
                                         "TERM",   "HOME",  "PATH"};
  for (char **place = environment; *place; place++)
    if (is_named(*place, "OMP_WAIT_POLICY") || is_named(*place, "GOMP_SPINCOUNT")) return;
  for (size_t index = 0; index < sizeof lendable / sizeof *lendable; index++)
    for (char **place = environment; *place; place++)
      if (is_named(*place, lendable[index])) {
        lent_place = place;
        lent_entry = *place;
        *place = setting;
        return;
      }
}

EARLY __attribute__((constructor)) static void put_back(void) {
  char **place = lent_place;
  if (place) *place = lent_entry;
}

// Only programs may have this section; linkers refuse it in shared libraries.
__attribute__((section(".preinit_array"), used)) static void (*const first)(
    int, char **, char **) = lend;
