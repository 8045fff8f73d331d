// Threads that work on one layer after the other together.
#ifndef CRISP_TEAM_H
#define CRISP_TEAM_H

#include <stddef.h>
#include <stdint.h>

// A fixed number of threads, each with its own equal part of all work: nothing is stolen. They wait
// for one another by spinning for some microseconds, since layers are that short, then sleep.
//
// Where another program keeps one of the cores, a thread there is stopped for milliseconds, and all
// others wait for it many layers long. Smaller pieces in turn would not help: the one that the stopped
// thread holds is missing all the same. So the team counts what it saves against its first thread
// alone, and leaves the work to that one for a while when it has lost time (crisp_turns).
typedef struct crisp_team crisp_team;

// Part `part` of `parts`, which are all threads of the team or one.
typedef void (*crisp_work)(void *context, size_t part, size_t parts);

// A team of `threads` threads, of which the caller is one. Null when the system has none left.
crisp_team *crisp_team_create(size_t threads);

// Calls `work` with parts 0 ..< parts at the same time, 0 on the calling thread, and returns when all
// have.
void crisp_team_run(crisp_team *team, crisp_work work, void *context);

// Inside `work`: waits until all parts have come here.
void crisp_team_meet(crisp_team *team);

// Ends the threads. Null is allowed.
void crisp_team_free(crisp_team *team);

// Whether the next run is for the whole team or for its first thread alone; all zeros at first. In
// nanoseconds.
typedef struct {
  // What runs together took less than one thread would have.
  int64_t saved;
  // For how long the first thread still works alone.
  uint64_t alone;
} crisp_turns;

// Whether the next run is for the first thread alone.
int crisp_turns_alone(const crisp_turns *turns);

// A run of the whole team took `took`, and `work` of all processors: so long would one thread have
// taken.
void crisp_turns_took_together(crisp_turns *turns, uint64_t took, uint64_t work);

// A run of the first thread alone took `took`.
void crisp_turns_took(crisp_turns *turns, uint64_t took);

#endif
