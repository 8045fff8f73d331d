#ifndef CRISP_PEAK_H
#define CRISP_PEAK_H

/// Billions of f32 operations a second (a multiply-add is two) that one thread reaches in registers
/// with the widest instructions here, measured for about `seconds`.
double crisp_peak_gflops(double seconds);

#endif
