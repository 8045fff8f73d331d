// Threads that work on one layer after the other together.
#ifndef CRISP_TEAM_H
#define CRISP_TEAM_H

#include <stddef.h>

// A fixed number of threads, each with its own equal part of all work: nothing is stolen. They wait
// for one another by spinning for some microseconds, since layers are that short, then sleep.
typedef struct crisp_team crisp_team;

typedef void (*crisp_work)(void *context, size_t part);

// A team of `threads` threads, of which the caller is one. Null when the system has none left.
crisp_team *crisp_team_create(size_t threads);

// Calls `work` with parts 0 ..< threads at the same time, 0 on the calling thread, and returns
// when all have.
void crisp_team_run(crisp_team *team, crisp_work work, void *context);

// Inside `work`: waits until all parts have come here.
void crisp_team_meet(crisp_team *team);

// Ends the threads. Null is allowed.
void crisp_team_free(crisp_team *team);

#endif
