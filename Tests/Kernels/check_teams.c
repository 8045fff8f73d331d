// Threads that work together.
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "check.h"

enum { MOST = 8 };

typedef struct {
  crisp_team *team;
  size_t meetings;
  // Parts that have come to each meeting, parts of the run, and how often each part worked.
  _Atomic size_t arrived, parts;
  size_t calls[MOST];
  int faults[MOST];
} meeting_task;

static void meet(void *context, size_t part, size_t parts) {
  meeting_task *task = context;
  task->calls[part]++;
  atomic_store(&task->parts, parts);
  for (size_t m = 1; m <= task->meetings; m++) {
    atomic_fetch_add(&task->arrived, 1);
    crisp_team_meet(task->team);
    // All have come, and none has gone on before this one says so.
    task->faults[part] |= atomic_load(&task->arrived) != m * parts;
    crisp_team_meet(task->team);
  }
}

static void check_team(size_t threads, size_t rounds, size_t meetings) {
  crisp_team *team = crisp_team_create(threads);
  if (!expect(team != 0, "a team")) return;
  meeting_task task = {.team = team, .meetings = meetings};
  size_t together = 0;
  for (size_t round = 0; round < rounds; round++) {
    atomic_store(&task.arrived, 0);
    crisp_team_run(team, meet, &task);
    // Every thread, or the first alone where others were late before.
    const size_t parts = atomic_load(&task.parts);
    expect(parts == threads || (parts == 1 && round > 0), "all parts or one");
    expect(atomic_load(&task.arrived) == meetings * parts, "all meetings");
    together += parts == threads;
  }
  for (size_t part = 0; part < MOST; part++) {
    const size_t calls = part == 0 ? rounds : part < threads ? together : 0;
    expect(task.calls[part] == calls, "every part once");
    expect(!task.faults[part], "parts at one meeting");
  }
  crisp_team_free(team);
}

static void *own_teams(void *argument) {
  _Atomic size_t *done = argument;
  for (size_t i = 0; i < 20; i++) {
    crisp_team *team = crisp_team_create(1 + i % 4);
    if (!team) return 0;
    meeting_task task = {.team = team, .meetings = 3};
    crisp_team_run(team, meet, &task);
    crisp_team_free(team);
    atomic_fetch_add(done, atomic_load(&task.arrived) == 3 * (1 + i % 4));
  }
  return 0;
}

enum { PIECES = 12 };

typedef struct {
  crisp_team *team;
  // The part that is held back: it says that it has come to the door, and waits for that to open.
  size_t held;
  sem_t come, door;
  _Atomic size_t parts, done[PIECES];
} held_task;

static void work_held_back(void *context, size_t part, size_t parts) {
  held_task *task = context;
  atomic_store(&task->parts, parts);
  if (parts > 1 && part == task->held) {
    sem_post(&task->come);
    sem_wait(&task->door);
  }
  for (size_t piece = part * PIECES / parts; piece < (part + 1) * PIECES / parts; piece++)
    atomic_fetch_add(&task->done[piece], 1);
  crisp_team_meet(task->team);
  // What all have done is there for all.
  for (size_t piece = 0; piece < PIECES; piece++)
    if (atomic_load(&task->done[piece]) != 1) atomic_store(&task->parts, 0);
  crisp_team_meet(task->team);
}

// Opens the door after 30 ms, more than a team can have saved up.
static void *open_late(void *argument) {
  held_task *task = argument;
  sem_wait(&task->come);
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < 30000000);
  sem_post(&task->door);
  return 0;
}

// Whichever thread is stopped, as the scheduler stops one beside a busy program: no piece is lost or
// done twice, and the caller does the next run alone.
static void check_held_back(size_t threads, size_t held) {
  held_task task = {.team = crisp_team_create(threads), .held = held};
  if (!expect(task.team != 0, "a team")) return;
  sem_init(&task.come, 0, 0);
  sem_init(&task.door, 0, 0);
  pthread_t opener;
  if (expect(!pthread_create(&opener, 0, open_late, &task), "a thread")) {
    crisp_team_run(task.team, work_held_back, &task);
    expect(atomic_load(&task.parts) == threads, "every piece once, by all threads");
    for (size_t piece = 0; piece < PIECES; piece++) atomic_store(&task.done[piece], 0);
    task.held = threads;
    crisp_team_run(task.team, work_held_back, &task);
    expect(atomic_load(&task.parts) == 1, "every piece once, by the caller alone");
    pthread_join(opener, 0);
  }
  crisp_team_free(task.team);
  sem_destroy(&task.come);
  sem_destroy(&task.door);
}

// Numbers of nanoseconds: who does the next run.
static void check_turns(void) {
  enum { MS = 1000000 };
  crisp_turns turns = {0, 0};
  expect(!crisp_turns_alone(&turns), "together at first");
  // What is quicker than one thread is kept, however often.
  for (int i = 0; i < 100; i++) crisp_turns_took_together(&turns, 1 * MS, 2 * MS);
  expect(!crisp_turns_alone(&turns), "together while it saves time");
  // Losses are first paid from what earlier runs have saved, at most 10 ms, and 10 more are allowed.
  for (int i = 0; i < 2; i++) crisp_turns_took_together(&turns, 10 * MS, 1 * MS);
  expect(!crisp_turns_alone(&turns), "together within what may be lost");
  crisp_turns_took_together(&turns, 5 * MS, 1 * MS);
  expect(crisp_turns_alone(&turns), "alone after a loss");
  // 12 ms were lost beyond that, so 192 ms follow.
  crisp_turns_took(&turns, 190 * MS);
  expect(crisp_turns_alone(&turns), "alone for sixteen times the loss");
  crisp_turns_took(&turns, 5 * MS);
  expect(!crisp_turns_alone(&turns), "together again after that");
  // What is lost little by little counts as well.
  int runs = 0;
  while (!crisp_turns_alone(&turns) && runs < 1000) {
    crisp_turns_took_together(&turns, MS / 10, MS / 20);
    runs++;
  }
  expect(runs == 201, "alone after many small losses");
  // All threads stopped for ten minutes: no more than for a second.
  turns = (crisp_turns){0, 0};
  crisp_turns_took_together(&turns, 600000ull * MS, 1 * MS);
  crisp_turns_took(&turns, 16000ull * MS);
  expect(!crisp_turns_alone(&turns), "a stop of the whole program is counted for a second");
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
  for (size_t threads = 2; threads <= 4; threads++)
    for (size_t held = 0; held < threads; held++) check_held_back(threads, held);
  check_turns();
}
