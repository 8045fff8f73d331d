// Threads that work on one layer after the other together.
#include "crisp_team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct crisp_team {
  _Atomic size_t threads;
  // Threads that have come to the present meeting, and meetings held.
  _Atomic size_t arrived, meetings;
  // Threads asleep or about to be.
  _Atomic size_t sleepers;
  // For how many rounds the next wait spins.
  _Atomic int rounds;
  // Processor time of all threads in the present run, and what of it they waited away.
  _Atomic uint64_t taken, waited;
  pthread_mutex_t mutex;
  pthread_cond_t met;
  // How many threads the present run has: all, or the caller alone.
  size_t parts;
  crisp_turns turns;
  crisp_work work;
  void *context;
  int ends;
  struct member {
    crisp_team *team;
    size_t part;
    pthread_t thread;
  } members[];
};

// How long a thread that waits spins before it sleeps. Between runs briefly, some 30 us. During one,
// waking up costs more than a layer takes, above all on a virtual machine, and a thread that wakes
// late makes its neighbours fall asleep in turn: sleeping after 30 us, MobileNetV2 took 7 to 9 ms on
// two threads when there were pauses of 200 ms between runs, instead of 2.2. So there it only makes
// way for threads that need its processor, for some 10 ms.
//
// Where threads share a core, with each other or with another program, those that spin keep it from the
// one they wait for: four threads on two cores took ten times as long as one, and beside a busy program
// a hundred times. So spinning that was in vain is halved the next time, and becomes longer again by
// an eighth whenever it helps.
enum { ROUNDS = 2000, LEAST_ROUNDS = 16, YIELDS = 20000 };

// Before a run, inside it, and after it.
typedef enum { BEFORE, INSIDE, AFTER } occasion;

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

// Makes way for other threads, then sleeps.
static void rest(crisp_team *team, size_t meeting, int yields) {
  for (int yield = 0; yield < yields; yield++) {
    if (atomic_load_explicit(&team->meetings, memory_order_acquire) != meeting) return;
    sched_yield();
  }
  pthread_mutex_lock(&team->mutex);
  atomic_fetch_add(&team->sleepers, 1);
  while (atomic_load(&team->meetings) == meeting) pthread_cond_wait(&team->met, &team->mutex);
  atomic_fetch_sub(&team->sleepers, 1);
  pthread_mutex_unlock(&team->mutex);
}

static void meet(crisp_team *team, occasion occasion) {
  const size_t meeting = atomic_load(&team->meetings);
  if (atomic_fetch_add(&team->arrived, 1) + 1 == team->threads) {
    atomic_store(&team->arrived, 0);
    // Both sides write first and read then, so one of them sees the other. Not a plain store: QEMU
    // (7.2, Arm on x86) lets the read below overtake one, and then a sleeper sleeps for ever.
    atomic_fetch_add(&team->meetings, 1);
    if (atomic_load(&team->sleepers)) {
      pthread_mutex_lock(&team->mutex);
      pthread_cond_broadcast(&team->met);
      pthread_mutex_unlock(&team->mutex);
    }
    return;
  }
  // Threads may overwrite each other's: either is as good.
  const int rounds = atomic_load_explicit(&team->rounds, memory_order_relaxed);
  for (int round = 0; round < rounds; round++) {
    if (atomic_load_explicit(&team->meetings, memory_order_acquire) != meeting) {
      const int longer = rounds + rounds / 8;
      if (rounds < ROUNDS)
        atomic_store_explicit(&team->rounds, longer < ROUNDS ? longer : ROUNDS, memory_order_relaxed);
      return;
    }
    relax();
  }
  // Before a run nobody knows how long the wait is, and spinning in vain says nothing.
  if (occasion == BEFORE) {
    rest(team, meeting, 0);
    return;
  }
  if (rounds > LEAST_ROUNDS)
    atomic_store_explicit(
        &team->rounds, rounds / 2 > LEAST_ROUNDS ? rounds / 2 : LEAST_ROUNDS, memory_order_relaxed);
  if (occasion == AFTER) {
    rest(team, meeting, YIELDS);
    return;
  }
  const uint64_t start = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  rest(team, meeting, YIELDS);
  atomic_fetch_add(&team->waited, nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start);
}

void crisp_team_meet(crisp_team *team) {
  if (team->parts > 1) meet(team, INSIDE);
}

// One part of a run that all threads take part in.
static void take_part(crisp_team *team, size_t part) {
  const uint64_t start = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  team->work(team->context, part, team->threads);
  atomic_fetch_add(&team->taken, nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start);
  meet(team, AFTER);
}

static void *serve(void *argument) {
  struct member *member = argument;
  crisp_team *team = member->team;
  for (;;) {
    meet(team, BEFORE);
    if (team->ends) return 0;
    take_part(team, member->part);
  }
}

crisp_team *crisp_team_create(size_t threads) {
  crisp_team *team = calloc(1, sizeof(crisp_team) + threads * sizeof(struct member));
  if (!team) return 0;
  team->threads = threads;
  team->rounds = ROUNDS;
  pthread_mutex_init(&team->mutex, 0);
  pthread_cond_init(&team->met, 0);
  for (size_t part = 1; part < threads; part++) {
    struct member *member = &team->members[part];
    member->team = team;
    member->part = part;
    if (pthread_create(&member->thread, 0, serve, member)) {
      // Those that exist wait for a meeting of this many.
      team->threads = part;
      crisp_team_free(team);
      return 0;
    }
  }
  return team;
}

void crisp_team_run(crisp_team *team, crisp_work work, void *context) {
  team->parts = crisp_turns_alone(&team->turns) ? 1 : team->threads;
  if (team->threads == 1) {
    work(context, 0, 1);
    return;
  }
  const uint64_t start = nanoseconds(CLOCK_MONOTONIC);
  if (team->parts == 1) {
    work(context, 0, 1);
    crisp_turns_took(&team->turns, nanoseconds(CLOCK_MONOTONIC) - start);
    return;
  }
  team->work = work;
  team->context = context;
  atomic_store(&team->taken, 0);
  atomic_store(&team->waited, 0);
  meet(team, AFTER);
  take_part(team, 0);
  // More can have been waited away than taken only by the clock's steps.
  const uint64_t taken = atomic_load(&team->taken), waited = atomic_load(&team->waited);
  crisp_turns_took_together(
      &team->turns, nanoseconds(CLOCK_MONOTONIC) - start, taken > waited ? taken - waited : 0);
}

void crisp_team_free(crisp_team *team) {
  if (!team) return;
  team->ends = 1;
  meet(team, AFTER);
  for (size_t part = 1; part < team->threads; part++) pthread_join(team->members[part].thread, 0);
  pthread_cond_destroy(&team->met);
  pthread_mutex_destroy(&team->mutex);
  free(team);
}

// The most that can be saved up, so that a machine that becomes busy is noticed soon. What may be lost
// without consequence: some of a scheduler's slices, since threads that begin on one core are moved
// apart only after some 50 ms of running. For how many times a loss the caller then works alone, so
// that the attempts cost a sixteenth.
enum { MOST_SAVED = 10000000, MOST_LOST = 10000000, MOST_COUNTED = 1000000000, ALONE_TIMES = 16 };

int crisp_turns_alone(const crisp_turns *turns) { return turns->alone > 0; }

void crisp_turns_took_together(crisp_turns *turns, uint64_t took, uint64_t work) {
  turns->saved += (int64_t)work - (int64_t)took;
  if (turns->saved > MOST_SAVED) turns->saved = MOST_SAVED;
  if (turns->saved >= -MOST_LOST) return;
  // What was stopped as a whole, for minutes perhaps, says nothing of its threads.
  if (turns->saved < -MOST_COUNTED) turns->saved = -MOST_COUNTED;
  turns->alone = ALONE_TIMES * (uint64_t)-turns->saved;
  turns->saved = 0;
}

void crisp_turns_took(crisp_turns *turns, uint64_t took) {
  turns->alone -= took < turns->alone ? took : turns->alone;
}
