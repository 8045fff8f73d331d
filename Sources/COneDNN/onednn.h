// The dense engine's only door to oneDNN 2.x (Debian's libdnnl-dev). 3.x drops this descriptor
// API, so nothing outside Sources/Training/Engine may import this module.
#include <oneapi/dnnl/dnnl.h>

// From libgomp, the thread pool behind oneDNN. The number of threads is kept per calling thread.
void omp_set_num_threads(int count);
int omp_get_max_threads(void);
