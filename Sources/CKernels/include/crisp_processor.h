// What this program may use of its processor.
#ifndef CRISP_PROCESSOR_H
#define CRISP_PROCESSOR_H

// The environment variable that holds the program to what a lesser processor has, and its values.
// They are those of oneDNN's DNNL_MAX_CPU_ISA, in any case of letters; the baseline's kernels are
// plain C.
#define CRISP_LIMIT_VARIABLE "CRISP_MAX_CPU_ISA"
#define CRISP_LIMIT_VALUES "SSE41, AVX2, AVX512_CORE or ALL"

enum {
  crisp_limit_unknown = -1,
  crisp_limit_sse41,
  crisp_limit_avx2,
  crisp_limit_avx512_core,
  crisp_limit_all,
};

// The limit of that name, crisp_limit_unknown when there is none. "" is no limit.
int crisp_limit_named(const char *name);

// The environment's limit, as it was when it was first asked for. Kernels of an unknown one are not
// limited: who starts a session or a training run refuses it.
int crisp_limit(void);

// Whether the environment's limit lets the program use a level.
int crisp_limit_allows(int level);

// What the environment variable says; "" when it is not set.
const char *crisp_limit_text(void);

#endif
