//! Sets of CPUs (at most 64).
#ifndef KLOOM_LINUX_CPUMASK_H
#define KLOOM_LINUX_CPUMASK_H
#include <linux/kernel.h>
#include <linux/threads.h>
#include <linux/bitmap.h>
#include <linux/bug.h>
#include <linux/atomic.h>
#include <linux/cpumask_types.h>
extern struct cpumask __cpu_possible_mask; //@4n CPUs that may exist
extern struct cpumask __cpu_online_mask; //@4n CPUs in use
extern struct cpumask __cpu_present_mask; //@4n CPUs plugged in
extern struct cpumask __cpu_active_mask; //@4n CPUs that take tasks
extern unsigned int nr_cpu_ids; //@4n one more than the highest possible CPU
#define cpu_possible_mask ((const struct cpumask *)&__cpu_possible_mask)
#define cpu_online_mask ((const struct cpumask *)&__cpu_online_mask)
#define cpu_present_mask ((const struct cpumask *)&__cpu_present_mask)
#define cpu_active_mask ((const struct cpumask *)&__cpu_active_mask)
#define cpu_all_mask cpu_possible_mask
#define cpu_none_mask ((const struct cpumask *)&(struct cpumask){ { 0 } })
#define cpu_online_map KLOOM_REMOVED("kloom-removed:cpu_online_map|3.4|cpu_online_mask, for_each_online_cpu()") (__cpu_online_mask)
#define cpu_possible_map KLOOM_REMOVED("kloom-removed:cpu_possible_map|3.4|cpu_possible_mask, for_each_possible_cpu()") (__cpu_possible_mask)
#define cpu_present_map KLOOM_REMOVED("kloom-removed:cpu_present_map|3.4|cpu_present_mask, for_each_present_cpu()") (__cpu_present_mask)
#define nr_cpumask_bits nr_cpu_ids
#define cpumask_bits(maskp) ((maskp)->bits)
#define cpumask_of(cpu) ((const struct cpumask *)&(struct cpumask){ { 1UL << (cpu) } })
#define CPU_MASK_NONE { { 0UL } }
#define CPU_MASK_CPU0 { { 1UL } }
#define CPU_MASK_ALL { { ~0UL } }
#define CPU_BITS_ALL { ~0UL }
#define cpumask_size() sizeof(struct cpumask)
static inline void cpumask_set_cpu(unsigned int cpu, struct cpumask *m) { set_bit(cpu, m->bits); }
static inline void __cpumask_set_cpu(unsigned int cpu, struct cpumask *m) { __set_bit(cpu, m->bits); }
static inline void cpumask_clear_cpu(int cpu, struct cpumask *m) { clear_bit(cpu, m->bits); }
static inline void __cpumask_clear_cpu(int cpu, struct cpumask *m) { __clear_bit(cpu, m->bits); }
static inline bool cpumask_test_cpu(int cpu, const struct cpumask *m) { return test_bit(cpu, m->bits); }
static inline bool cpumask_test_and_set_cpu(int cpu, struct cpumask *m) { return test_and_set_bit(cpu, m->bits); }
static inline bool cpumask_test_and_clear_cpu(int cpu, struct cpumask *m) { return test_and_clear_bit(cpu, m->bits); }
static inline void cpumask_setall(struct cpumask *m) { m->bits[0] = ~0UL; }
static inline void cpumask_clear(struct cpumask *m) { m->bits[0] = 0; }
static inline bool cpumask_and(struct cpumask *d, const struct cpumask *a, const struct cpumask *b) { return (d->bits[0] = a->bits[0] & b->bits[0]) != 0; }
static inline void cpumask_or(struct cpumask *d, const struct cpumask *a, const struct cpumask *b) { d->bits[0] = a->bits[0] | b->bits[0]; }
static inline void cpumask_xor(struct cpumask *d, const struct cpumask *a, const struct cpumask *b) { d->bits[0] = a->bits[0] ^ b->bits[0]; }
static inline bool cpumask_andnot(struct cpumask *d, const struct cpumask *a, const struct cpumask *b) { return (d->bits[0] = a->bits[0] & ~b->bits[0]) != 0; }
static inline void cpumask_copy(struct cpumask *d, const struct cpumask *s) { d->bits[0] = s->bits[0]; }
static inline bool cpumask_equal(const struct cpumask *a, const struct cpumask *b) { return a->bits[0] == b->bits[0]; }
static inline bool cpumask_intersects(const struct cpumask *a, const struct cpumask *b) { return (a->bits[0] & b->bits[0]) != 0; }
static inline bool cpumask_subset(const struct cpumask *a, const struct cpumask *b) { return (a->bits[0] & ~b->bits[0]) == 0; }
static inline bool cpumask_empty(const struct cpumask *m) { return m->bits[0] == 0; }
static inline unsigned int cpumask_weight(const struct cpumask *m) { return __builtin_popcountl(m->bits[0]); }
static inline unsigned int cpumask_first(const struct cpumask *m) { return find_first_bit(m->bits, 64); }
static inline unsigned int cpumask_next(int n, const struct cpumask *m) { return find_next_bit(m->bits, 64, n + 1); }
static inline unsigned int cpumask_last(const struct cpumask *m) { return find_last_bit(m->bits, 64); }
static inline unsigned int cpumask_any(const struct cpumask *m) { return cpumask_first(m); }
static inline unsigned int cpumask_any_but(const struct cpumask *m, unsigned int cpu) { struct cpumask r = { { m->bits[0] & ~(1UL << cpu) } }; return cpumask_first(&r); }
#define for_each_cpu(cpu, mask) for ((cpu) = -1; (cpu) = cpumask_next((cpu), (mask)), (cpu) < 64; )
#define for_each_cpu_and(cpu, a, b) for ((cpu) = -1; (cpu) = cpumask_next((cpu), (a)), (cpu) < 64; ) if (cpumask_test_cpu((cpu), (b)))
#define for_each_possible_cpu(cpu) for_each_cpu((cpu), cpu_possible_mask)
#define for_each_online_cpu(cpu) for_each_cpu((cpu), cpu_online_mask)
#define for_each_present_cpu(cpu) for_each_cpu((cpu), cpu_present_mask)
#define for_each_cpu_mask(cpu, mask) for_each_cpu(cpu, &(mask))
#define num_online_cpus() cpumask_weight(cpu_online_mask)
#define num_possible_cpus() cpumask_weight(cpu_possible_mask)
#define num_present_cpus() cpumask_weight(cpu_present_mask)
#define num_active_cpus() cpumask_weight(cpu_active_mask)
#define cpu_online(cpu) cpumask_test_cpu((cpu), cpu_online_mask)
#define cpu_possible(cpu) cpumask_test_cpu((cpu), cpu_possible_mask)
#define cpu_present(cpu) cpumask_test_cpu((cpu), cpu_present_mask)
#define cpu_active(cpu) cpumask_test_cpu((cpu), cpu_active_mask)
typedef struct cpumask cpumask_var_t[1];
#define alloc_cpumask_var(m, flags) ((void)(m), true)
#define zalloc_cpumask_var(m, flags) (cpumask_clear(*(m)), true)
#define alloc_cpumask_var_node(m, flags, node) ((void)(m), true)
#define free_cpumask_var(m) do { (void)(m); } while (0)
#define cpumask_available(m) true
#define cpu_set(cpu, map) KLOOM_REMOVED("kloom-removed:cpu_set()|4.1|cpumask_set_cpu()") cpumask_set_cpu((cpu), &(map))
#define cpu_clear(cpu, map) KLOOM_REMOVED("kloom-removed:cpu_clear()|4.1|cpumask_clear_cpu()") cpumask_clear_cpu((cpu), &(map))
#define cpus_clear(map) KLOOM_REMOVED("kloom-removed:cpus_clear()|4.1|cpumask_clear()") cpumask_clear(&(map))
#define cpu_isset(cpu, map) KLOOM_REMOVED("kloom-removed:cpu_isset()|4.1|cpumask_test_cpu()") cpumask_test_cpu((cpu), &(map))
#define cpumask_of_cpu(cpu) (*cpumask_of(cpu))
#define first_cpu(map) KLOOM_REMOVED("kloom-removed:first_cpu()|4.1|cpumask_first()") cpumask_first(&(map))
#define next_cpu(n, map) KLOOM_REMOVED("kloom-removed:next_cpu()|4.1|cpumask_next()") cpumask_next((n), &(map))
#define cpus_weight(map) KLOOM_REMOVED("kloom-removed:cpus_weight()|4.1|cpumask_weight()") cpumask_weight(&(map))
#define cpumask_pr_args(m) 64, cpumask_bits(m)
#endif
