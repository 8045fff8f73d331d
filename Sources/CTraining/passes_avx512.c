#if defined(__x86_64__)
#define PASS_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))
#define PASS_TABLE crisp_passes_avx512
#include "passes_template.h"
#endif
