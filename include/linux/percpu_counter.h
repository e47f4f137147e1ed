//! Counters that add per CPU.
#ifndef KLOOM_LINUX_PERCPU_COUNTER_H
#define KLOOM_LINUX_PERCPU_COUNTER_H
#include <linux/spinlock.h>
#include <linux/percpu.h>
struct percpu_counter {
	struct kloom_object obj;
	s64 count;
};
int __percpu_counter_init(struct percpu_counter *fbc, s64 amount, gfp_t gfp, struct lock_class_key *key); //@4s initialises; 0 or -ENOMEM
void percpu_counter_destroy(struct percpu_counter *fbc); //@4n ends its life
void percpu_counter_set(struct percpu_counter *fbc, s64 amount); //@4n sets the value
void percpu_counter_add_batch(struct percpu_counter *fbc, s64 amount, s32 batch); //@4n adds; the shared count changes when a CPU's part reaches batch
s64 __percpu_counter_sum(struct percpu_counter *fbc); //@4n the exact value
int __percpu_counter_compare(struct percpu_counter *fbc, s64 rhs, s32 batch); //@4n -1, 0, 1
#define percpu_counter_batch 32
#define percpu_counter_init(f, v, gfp) ({ static struct lock_class_key __key; __percpu_counter_init((f), (v), (gfp), &__key); })
#define percpu_counter_add(f, n) percpu_counter_add_batch((f), (n), percpu_counter_batch)
#define percpu_counter_sub(f, n) percpu_counter_add((f), -(n))
#define percpu_counter_inc(f) percpu_counter_add((f), 1)
#define percpu_counter_dec(f) percpu_counter_add((f), -1)
#define percpu_counter_sum(f) __percpu_counter_sum(f)
#define percpu_counter_sum_positive(f) max((s64)0, __percpu_counter_sum(f))
#define percpu_counter_read(f) READ_ONCE((f)->count)
#define percpu_counter_read_positive(f) max((s64)0, (s64)READ_ONCE((f)->count))
#define percpu_counter_compare(f, r) __percpu_counter_compare((f), (r), percpu_counter_batch)
#define percpu_counter_initialized(f) ((f)->obj.magic != 0)
#endif
