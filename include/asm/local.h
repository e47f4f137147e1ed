//! Counters of one CPU.
#ifndef KLOOM_ASM_LOCAL_H
#define KLOOM_ASM_LOCAL_H
#include <linux/atomic.h>
typedef struct { atomic_long_t a; } local_t;
#define LOCAL_INIT(i) { ATOMIC_LONG_INIT(i) }
#define local_read(l) atomic_long_read(&(l)->a)
#define local_set(l, i) atomic_long_set(&(l)->a, (i))
#define local_inc(l) atomic_long_inc(&(l)->a)
#define local_dec(l) atomic_long_dec(&(l)->a)
#define local_add(i, l) atomic_long_add((i), &(l)->a)
#endif
