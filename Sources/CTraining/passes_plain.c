#define PASS_TARGET
#define PASS_TABLE crisp_passes_plain
#include "passes_template.h"
