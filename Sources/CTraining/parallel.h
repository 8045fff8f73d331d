// Parallel regions on libgomp's threads, the ones oneDNN works with: a second pool would fight it
// for the cores. GOMP_parallel and GOMP_barrier are what GCC compiles "#pragma omp parallel" and
// "#pragma omp barrier" to (libgomp manual, "Implementing PARALLEL construct").
#ifndef CRISP_PARALLEL_H
#define CRISP_PARALLEL_H

#include <stddef.h>

typedef struct {
  int thread, threads;
} crisp_team;

// Of `threads` threads, those worth waking for a pass over `count` values: below 8192 each, waking
// one costs more than it saves.
static inline int crisp_useful_threads(size_t count, int threads) {
  const size_t shares = count >> 13;
  return shares < (size_t)threads ? (int)shares : threads;
}

// Runs `body` on up to `threads` threads.
void crisp_parallel(void (*body)(crisp_team team, void *context), void *context, int threads);

// Waits for the whole team.
void crisp_team_barrier(crisp_team team);

// This thread's contiguous share of `count` items.
static inline void crisp_share(crisp_team team, size_t count, size_t *first, size_t *end) {
  *first = count * (size_t)team.thread / (size_t)team.threads;
  *end = count * (size_t)(team.thread + 1) / (size_t)team.threads;
}

#endif
