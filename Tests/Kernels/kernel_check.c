// The checks in a row:
//   kernel_check [instruction set...]
// Those named must exist; without names all that this processor has are checked.
#include <stdio.h>

#include "check.h"

static void report(const char *set, const char *check, size_t first_case, size_t first_failure) {
  const size_t failed = failures - first_failure;
  printf("%s %s %s: %zu", failed ? "FAIL" : "PASS", set, check, cases - first_case);
  if (failed) printf(", %zu failed", failed);
  puts("");
}

static void check_all(const crisp_kernels *kernels) {
  static const struct {
    const char *name;
    void (*run)(const crisp_kernels *);
  } checks[] = {
      {"stretches", check_stretches}, {"decoding", check_decoding},
      {"products", check_products},   {"depthwise", check_depthwise},
      {"planes", check_planes},       {"pointwise", check_pointwise},
  };
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
    const size_t first_case = cases, first_failure = failures;
    checks[i].run(kernels);
    report(kernels->name, checks[i].name, first_case, first_failure);
  }
}

int main(int count, char **names) {
  setvbuf(stdout, 0, _IOLBF, BUFSIZ);
  static char *all[] = {"", "scalar", "avx2", "avx512", "neon"};
  const int any = count < 2;
  if (any) {
    names = all;
    count = sizeof all / sizeof *all;
  }
  for (int i = 1; i < count; i++) {
    const crisp_kernels *kernels = crisp_kernels_named(names[i]);
    if (kernels) {
      check_all(kernels);
    } else if (!any) {
      printf("FAIL %s: not on this processor\n", names[i]);
      failures++;
    }
  }
  const size_t first_case = cases, first_failure = failures;
  check_teams();
  report("all", "teams", first_case, first_failure);
  return failures != 0;
}
