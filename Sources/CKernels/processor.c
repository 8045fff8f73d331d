#include "crisp_processor.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>

int crisp_limit_named(const char *name) {
  static const struct {
    const char *name;
    int limit;
  } limits[] = {
      {"SSE41", crisp_limit_sse41},
      {"AVX2", crisp_limit_avx2},
      {"AVX512_CORE", crisp_limit_avx512_core},
      {"ALL", crisp_limit_all},
  };
  if (!*name) return crisp_limit_all;
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    if (!strcasecmp(name, limits[i].name)) return limits[i].limit;
  return crisp_limit_unknown;
}

const char *crisp_limit_text(void) {
  const char *text = getenv(CRISP_LIMIT_VARIABLE);
  return text ? text : "";
}

int crisp_limit(void) {
  enum { NOT_READ = -2 };
  static atomic_int known = NOT_READ;
  int limit = atomic_load_explicit(&known, memory_order_relaxed);
  if (limit == NOT_READ) {
    limit = crisp_limit_named(crisp_limit_text());
    atomic_store_explicit(&known, limit, memory_order_relaxed);
  }
  return limit;
}

int crisp_limit_allows(int level) {
  const int limit = crisp_limit();
  return limit == crisp_limit_unknown || limit >= level;
}
