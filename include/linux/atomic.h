//! Atomic counters and exchange, by compiler builtins.
#ifndef KLOOM_LINUX_ATOMIC_H
#define KLOOM_LINUX_ATOMIC_H
#include <linux/types.h>
#include <linux/compiler.h>
#include <asm/barrier.h>
#define __KLOOM_RELAXED __ATOMIC_RELAXED
#define __KLOOM_FULL __ATOMIC_SEQ_CST
#define __kloom_atomic_rmw(T, P, op, bop) \
static __always_inline void P##_##op(T i, P##_t *v) { __atomic_fetch_##bop(&v->counter, i, __ATOMIC_RELAXED); } \
static __always_inline T P##_##op##_return(T i, P##_t *v) { return __atomic_##bop##_fetch(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline T P##_##op##_return_relaxed(T i, P##_t *v) { return __atomic_##bop##_fetch(&v->counter, i, __ATOMIC_RELAXED); } \
static __always_inline T P##_##op##_return_acquire(T i, P##_t *v) { return __atomic_##bop##_fetch(&v->counter, i, __ATOMIC_ACQUIRE); } \
static __always_inline T P##_##op##_return_release(T i, P##_t *v) { return __atomic_##bop##_fetch(&v->counter, i, __ATOMIC_RELEASE); } \
static __always_inline T P##_fetch_##op(T i, P##_t *v) { return __atomic_fetch_##bop(&v->counter, i, __ATOMIC_SEQ_CST); } \
static __always_inline T P##_fetch_##op##_relaxed(T i, P##_t *v) { return __atomic_fetch_##bop(&v->counter, i, __ATOMIC_RELAXED); } \
static __always_inline T P##_fetch_##op##_acquire(T i, P##_t *v) { return __atomic_fetch_##bop(&v->counter, i, __ATOMIC_ACQUIRE); } \
static __always_inline T P##_fetch_##op##_release(T i, P##_t *v) { return __atomic_fetch_##bop(&v->counter, i, __ATOMIC_RELEASE); }
#define __kloom_atomic_type(T, P) \
static __always_inline T P##_read(const P##_t *v) { return __atomic_load_n(&v->counter, __ATOMIC_RELAXED); } \
static __always_inline T P##_read_acquire(const P##_t *v) { return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE); } \
static __always_inline void P##_set(P##_t *v, T i) { __atomic_store_n(&v->counter, i, __ATOMIC_RELAXED); } \
static __always_inline void P##_set_release(P##_t *v, T i) { __atomic_store_n(&v->counter, i, __ATOMIC_RELEASE); } \
__kloom_atomic_rmw(T, P, add, add) \
__kloom_atomic_rmw(T, P, sub, sub) \
__kloom_atomic_rmw(T, P, and, and) \
__kloom_atomic_rmw(T, P, or, or) \
__kloom_atomic_rmw(T, P, xor, xor) \
static __always_inline void P##_andnot(T i, P##_t *v) { __atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELAXED); } \
static __always_inline T P##_fetch_andnot(T i, P##_t *v) { return __atomic_fetch_and(&v->counter, ~i, __ATOMIC_SEQ_CST); } \
static __always_inline void P##_inc(P##_t *v) { __atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED); } \
static __always_inline void P##_dec(P##_t *v) { __atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED); } \
static __always_inline T P##_inc_return(P##_t *v) { return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST); } \
static __always_inline T P##_dec_return(P##_t *v) { return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST); } \
static __always_inline T P##_inc_return_relaxed(P##_t *v) { return __atomic_add_fetch(&v->counter, 1, __ATOMIC_RELAXED); } \
static __always_inline T P##_fetch_inc(P##_t *v) { return __atomic_fetch_add(&v->counter, 1, __ATOMIC_SEQ_CST); } \
static __always_inline T P##_fetch_dec(P##_t *v) { return __atomic_fetch_sub(&v->counter, 1, __ATOMIC_SEQ_CST); } \
static __always_inline bool P##_inc_and_test(P##_t *v) { return P##_inc_return(v) == 0; } \
static __always_inline bool P##_dec_and_test(P##_t *v) { return P##_dec_return(v) == 0; } \
static __always_inline bool P##_sub_and_test(T i, P##_t *v) { return P##_sub_return(i, v) == 0; } \
static __always_inline bool P##_add_negative(T i, P##_t *v) { return P##_add_return(i, v) < 0; } \
static __always_inline T P##_xchg(P##_t *v, T n) { return __atomic_exchange_n(&v->counter, n, __ATOMIC_SEQ_CST); } \
static __always_inline T P##_xchg_relaxed(P##_t *v, T n) { return __atomic_exchange_n(&v->counter, n, __ATOMIC_RELAXED); } \
static __always_inline T P##_xchg_acquire(P##_t *v, T n) { return __atomic_exchange_n(&v->counter, n, __ATOMIC_ACQUIRE); } \
static __always_inline T P##_xchg_release(P##_t *v, T n) { return __atomic_exchange_n(&v->counter, n, __ATOMIC_RELEASE); } \
static __always_inline T P##_cmpxchg(P##_t *v, T old, T n) { __atomic_compare_exchange_n(&v->counter, &old, n, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); return old; } \
static __always_inline T P##_cmpxchg_relaxed(P##_t *v, T old, T n) { __atomic_compare_exchange_n(&v->counter, &old, n, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); return old; } \
static __always_inline T P##_cmpxchg_acquire(P##_t *v, T old, T n) { __atomic_compare_exchange_n(&v->counter, &old, n, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED); return old; } \
static __always_inline T P##_cmpxchg_release(P##_t *v, T old, T n) { __atomic_compare_exchange_n(&v->counter, &old, n, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED); return old; } \
static __always_inline bool P##_try_cmpxchg(P##_t *v, T *old, T n) { return __atomic_compare_exchange_n(&v->counter, old, n, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); } \
static __always_inline T P##_fetch_add_unless(P##_t *v, T a, T u) { T c = P##_read(v); while (c != u && !P##_try_cmpxchg(v, &c, c + a)) { } return c; } \
static __always_inline bool P##_add_unless(P##_t *v, T a, T u) { return P##_fetch_add_unless(v, a, u) != u; } \
static __always_inline bool P##_inc_not_zero(P##_t *v) { return P##_add_unless(v, 1, 0); } \
static __always_inline T P##_dec_if_positive(P##_t *v) { T c = P##_read(v); while (c > 0 && !P##_try_cmpxchg(v, &c, c - 1)) { } return c - 1; } \
static __always_inline bool P##_inc_unless_negative(P##_t *v) { T c = P##_read(v); do { if (c < 0) return false; } while (!P##_try_cmpxchg(v, &c, c + 1)); return true; } \
static __always_inline bool P##_dec_unless_positive(P##_t *v) { T c = P##_read(v); do { if (c > 0) return false; } while (!P##_try_cmpxchg(v, &c, c - 1)); return true; }
__kloom_atomic_type(int, atomic)
__kloom_atomic_type(s64, atomic64)
__kloom_atomic_type(s64, atomic_long)
#define atomic_cond_read_relaxed(v, c) smp_cond_load_relaxed(&(v)->counter, (c))
#define atomic_cond_read_acquire(v, c) smp_cond_load_acquire(&(v)->counter, (c))
#define atomic_set_mask(m, v) atomic_or((m), (v))
#define atomic_clear_mask(m, v) atomic_andnot((m), (v))
#define __kloom_xchg(ptr, n, order) ({ typeof(*(ptr)) __xn = (n); typeof(*(ptr)) __xo; __atomic_exchange((ptr), &__xn, &__xo, order); __xo; })
#define xchg(ptr, n) __kloom_xchg(ptr, n, __ATOMIC_SEQ_CST)
#define xchg_relaxed(ptr, n) __kloom_xchg(ptr, n, __ATOMIC_RELAXED)
#define xchg_acquire(ptr, n) __kloom_xchg(ptr, n, __ATOMIC_ACQUIRE)
#define xchg_release(ptr, n) __kloom_xchg(ptr, n, __ATOMIC_RELEASE)
#define __kloom_cmpxchg(ptr, o, n, order) ({ typeof(*(ptr)) __co = (o); typeof(*(ptr)) __cn = (n); __atomic_compare_exchange((ptr), &__co, &__cn, false, order, __ATOMIC_RELAXED); __co; })
#define cmpxchg(ptr, o, n) __kloom_cmpxchg(ptr, o, n, __ATOMIC_SEQ_CST)
#define cmpxchg64(ptr, o, n) __kloom_cmpxchg(ptr, o, n, __ATOMIC_SEQ_CST)
#define cmpxchg_relaxed(ptr, o, n) __kloom_cmpxchg(ptr, o, n, __ATOMIC_RELAXED)
#define cmpxchg_acquire(ptr, o, n) __kloom_cmpxchg(ptr, o, n, __ATOMIC_ACQUIRE)
#define cmpxchg_release(ptr, o, n) __kloom_cmpxchg(ptr, o, n, __ATOMIC_RELEASE)
#define cmpxchg_local(ptr, o, n) cmpxchg(ptr, o, n)
#define try_cmpxchg(ptr, op, n) ({ typeof(*(ptr)) __cn = (n); __atomic_compare_exchange((ptr), (op), &__cn, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); })
#endif
