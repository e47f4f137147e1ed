//! Memory barriers.
#ifndef KLOOM_ASM_BARRIER_H
#define KLOOM_ASM_BARRIER_H
#include <linux/compiler.h>
enum { KLOOM_MB, KLOOM_RMB, KLOOM_WMB, KLOOM_SMP_MB, KLOOM_SMP_RMB, KLOOM_SMP_WMB, KLOOM_SMP_MB_ATOMIC };
void kloom_barrier(unsigned int kind); //@2n a memory barrier: 0 mb, 1 rmb, 2 wmb, 3 smp_mb, 4 smp_rmb, 5 smp_wmb, 6 smp_mb__before/after_atomic
#define mb() kloom_barrier(KLOOM_MB)
#define rmb() kloom_barrier(KLOOM_RMB)
#define wmb() kloom_barrier(KLOOM_WMB)
#define dma_rmb() rmb()
#define dma_wmb() wmb()
#define smp_mb() kloom_barrier(KLOOM_SMP_MB)
#define smp_rmb() kloom_barrier(KLOOM_SMP_RMB)
#define smp_wmb() kloom_barrier(KLOOM_SMP_WMB)
#define smp_mb__before_atomic() kloom_barrier(KLOOM_SMP_MB_ATOMIC)
#define smp_mb__after_atomic() kloom_barrier(KLOOM_SMP_MB_ATOMIC)
#define smp_mb__before_clear_bit() smp_mb__before_atomic()
#define smp_mb__after_clear_bit() smp_mb__after_atomic()
#define smp_mb__before_atomic_dec() smp_mb__before_atomic()
#define smp_mb__after_atomic_dec() smp_mb__after_atomic()
#define smp_mb__before_atomic_inc() smp_mb__before_atomic()
#define smp_mb__after_atomic_inc() smp_mb__after_atomic()
#define smp_read_barrier_depends() do { } while (0)
#define read_barrier_depends() do { } while (0)
#define smp_store_mb(var, value) do { WRITE_ONCE(var, value); smp_mb(); } while (0)
#define set_mb(var, value) smp_store_mb(var, value)
#define smp_store_release(p, v) do { typeof(*(p)) __rel = (v); __atomic_store((p), &__rel, __ATOMIC_RELEASE); } while (0)
#define smp_load_acquire(p) ({ typeof(*(p)) *__acp = (typeof(*(p)) *)(p); __atomic_load_n(__acp, __ATOMIC_ACQUIRE); })
#define smp_cond_load_relaxed(ptr, cond) ({ typeof(ptr) __clp = (ptr); typeof(*(ptr)) VAL; for (;;) { VAL = READ_ONCE(*__clp); if (cond) break; kloom_cpu_relax(); } VAL; })
#define smp_cond_load_acquire(ptr, cond) ({ typeof(ptr) __clp = (ptr); typeof(*(ptr)) VAL; for (;;) { VAL = smp_load_acquire(__clp); if (cond) break; kloom_cpu_relax(); } VAL; })
void kloom_cpu_relax(void);
#endif
