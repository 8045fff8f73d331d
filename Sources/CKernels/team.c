// Threads that work on one layer after the other together.
#include "crisp_team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct crisp_team {
  _Atomic size_t threads;
  // Threads that have come to the present meeting, and meetings held.
  _Atomic size_t arrived, meetings;
  // Threads asleep or about to be.
  _Atomic size_t sleepers;
  // For how many rounds the next wait spins.
  _Atomic int rounds;
  pthread_mutex_t mutex;
  pthread_cond_t met;
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

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

static void meet(crisp_team *team, int yields) {
  if (team->threads == 1) return;
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
  // Between runs nobody knows how long the wait is, and spinning in vain says nothing.
  if (yields && rounds > LEAST_ROUNDS)
    atomic_store_explicit(
        &team->rounds, rounds / 2 > LEAST_ROUNDS ? rounds / 2 : LEAST_ROUNDS, memory_order_relaxed);
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

void crisp_team_meet(crisp_team *team) { meet(team, YIELDS); }

static void *serve(void *argument) {
  struct member *member = argument;
  crisp_team *team = member->team;
  for (;;) {
    meet(team, 0);
    if (team->ends) return 0;
    team->work(team->context, member->part);
    crisp_team_meet(team);
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
  team->work = work;
  team->context = context;
  crisp_team_meet(team);
  work(context, 0);
  crisp_team_meet(team);
}

void crisp_team_free(crisp_team *team) {
  if (!team) return;
  team->ends = 1;
  crisp_team_meet(team);
  for (size_t part = 1; part < team->threads; part++) pthread_join(team->members[part].thread, 0);
  pthread_cond_destroy(&team->met);
  pthread_mutex_destroy(&team->mutex);
  free(team);
}
