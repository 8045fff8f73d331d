// How OpenMP's threads wait in the programs that link this: see crisp_thread_waiting.c. There is
// nothing to call.
#ifndef CRISP_THREAD_WAITING_H
#define CRISP_THREAD_WAITING_H
#endif
