// Threads that work together.
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

enum { MOST = 8 };

typedef struct {
  crisp_team *team;
  size_t threads, meetings;
  // Parts that have come to each meeting, and how often each part worked.
  _Atomic size_t arrived;
  size_t calls[MOST];
  int faults[MOST];
} meeting_task;

static void meet(void *context, size_t part) {
  meeting_task *task = context;
  task->calls[part]++;
  for (size_t m = 1; m <= task->meetings; m++) {
    atomic_fetch_add(&task->arrived, 1);
    crisp_team_meet(task->team);
    // All have come, and none has gone on before this one says so.
    task->faults[part] |= atomic_load(&task->arrived) != m * task->threads;
    crisp_team_meet(task->team);
  }
}

static void check_team(size_t threads, size_t rounds, size_t meetings) {
  crisp_team *team = crisp_team_create(threads);
  if (!expect(team != 0, "a team")) return;
  meeting_task task = {.team = team, .threads = threads, .meetings = meetings};
  for (size_t round = 0; round < rounds; round++) {
    atomic_store(&task.arrived, 0);
    crisp_team_run(team, meet, &task);
    expect(atomic_load(&task.arrived) == meetings * threads, "all meetings");
  }
  for (size_t part = 0; part < MOST; part++) {
    expect(task.calls[part] == (part < threads ? rounds : 0), "every part once");
    expect(!task.faults[part], "parts at one meeting");
  }
  crisp_team_free(team);
}

static void *own_teams(void *argument) {
  _Atomic size_t *done = argument;
  for (size_t i = 0; i < 20; i++) {
    crisp_team *team = crisp_team_create(1 + i % 4);
    if (!team) return 0;
    meeting_task task = {.team = team, .threads = 1 + i % 4, .meetings = 3};
    crisp_team_run(team, meet, &task);
    crisp_team_free(team);
    atomic_fetch_add(done, atomic_load(&task.arrived) == 3 * (1 + i % 4));
  }
  return 0;
}

void check_teams(void) {
  for (size_t threads = 1; threads <= MOST; threads++) check_team(threads, 20, 20);
  check_team(2, 200, 0);
  pthread_t owners[4];
  size_t started = 0;
  _Atomic size_t done = 0;
  while (started < 4 && !pthread_create(&owners[started], 0, own_teams, &done)) started++;
  for (size_t i = 0; i < started; i++) pthread_join(owners[i], 0);
  expect(started == 4 && atomic_load(&done) == 80, "teams in many threads");
  crisp_team_free(0);
}
