// The functions are in Swift (Sources/LibCrisp). This file makes the C compiler read the header, and
// holds what may never change: other programs are compiled against it.
#include "libcrisp.h"

_Static_assert(sizeof(crisp_error) == 1024, "crisp_error keeps its layout");
_Static_assert(sizeof(crisp_options) == 32, "crisp_options keeps its layout");
_Static_assert(
    sizeof(crisp_description) == 9 * sizeof(void *), "crisp_description keeps its layout");
