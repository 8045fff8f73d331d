// libpq 14 or later, where Debian's libpq-dev puts it.
#include <postgresql/libpq-fe.h>
