// The checks of teams alone, for ThreadSanitizer.
#include <stdio.h>

#include "check.h"

int main(void) {
  check_teams();
  printf("%s teams: %zu\n", failures ? "FAIL" : "PASS", cases);
  return failures != 0;
}
