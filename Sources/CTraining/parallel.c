#include "parallel.h"

void GOMP_parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags);
void GOMP_barrier(void);
int omp_get_thread_num(void);
int omp_get_num_threads(void);

typedef struct {
  void (*body)(crisp_team, void *);
  void *context;
} region;

static void enter(void *pointer) {
  const region *r = pointer;
  r->body((crisp_team){omp_get_thread_num(), omp_get_num_threads()}, r->context);
}

void crisp_parallel(void (*body)(crisp_team team, void *context), void *context, int threads) {
  if (threads <= 1) {
    body((crisp_team){0, 1}, context);
    return;
  }
  region r = {body, context};
  GOMP_parallel(enter, &r, (unsigned)threads, 0);
}

void crisp_team_barrier(crisp_team team) {
  if (team.threads > 1) GOMP_barrier();
}
