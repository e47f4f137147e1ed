//! Per-CPU variables: a section that the loader copies for each CPU.
#ifndef KLOOM_LINUX_PERCPU_DEFS_H
#define KLOOM_LINUX_PERCPU_DEFS_H
#include <linux/compiler.h>
#include <linux/preempt.h>
#define DECLARE_PER_CPU(type, name) extern __section(".data..percpu") typeof(type) name
#define DEFINE_PER_CPU(type, name) __section(".data..percpu") typeof(type) name
#define DECLARE_PER_CPU_ALIGNED(type, name) DECLARE_PER_CPU(type, name) __aligned(64)
#define DEFINE_PER_CPU_ALIGNED(type, name) DEFINE_PER_CPU(type, name) __aligned(64)
#define DECLARE_PER_CPU_SHARED_ALIGNED(type, name) DECLARE_PER_CPU_ALIGNED(type, name)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU_ALIGNED(type, name)
#define DECLARE_PER_CPU_READ_MOSTLY(type, name) DECLARE_PER_CPU(type, name)
#define DEFINE_PER_CPU_READ_MOSTLY(type, name) DEFINE_PER_CPU(type, name)
unsigned long kloom_this_cpu_offset(void); //@4n what to add to a per-CPU address for this CPU
unsigned long kloom_per_cpu_offset(unsigned int cpu); //@4n what to add to a per-CPU address for that CPU
#define per_cpu_offset(cpu) kloom_per_cpu_offset(cpu)
#define SHIFT_PERCPU_PTR(ptr, off) ({ unsigned long __pp = (unsigned long)(ptr); OPTIMIZER_HIDE_VAR(__pp); (typeof(ptr))(__pp + (off)); })
#define per_cpu_ptr(ptr, cpu) SHIFT_PERCPU_PTR((ptr), kloom_per_cpu_offset(cpu))
#define raw_cpu_ptr(ptr) SHIFT_PERCPU_PTR((ptr), kloom_this_cpu_offset())
#define this_cpu_ptr(ptr) raw_cpu_ptr(ptr)
#define per_cpu(var, cpu) (*per_cpu_ptr(&(var), cpu))
#define __get_cpu_var(var) (*raw_cpu_ptr(&(var)))
#define get_cpu_var(var) (*({ preempt_disable(); raw_cpu_ptr(&(var)); }))
#define put_cpu_var(var) do { (void)&(var); preempt_enable(); } while (0)
#define get_cpu_ptr(var) ({ preempt_disable(); raw_cpu_ptr(var); })
#define put_cpu_ptr(var) do { (void)(var); preempt_enable(); } while (0)
#define __kloom_pcpu(expr) ({ preempt_disable(); typeof(expr) __pv = (expr); preempt_enable(); __pv; })
#define __kloom_pcpu_v(stmt) do { preempt_disable(); stmt; preempt_enable(); } while (0)
#define this_cpu_read(v) __kloom_pcpu(READ_ONCE(*raw_cpu_ptr(&(v))))
#define this_cpu_write(v, x) __kloom_pcpu_v(WRITE_ONCE(*raw_cpu_ptr(&(v)), (x)))
#define this_cpu_add(v, x) __kloom_pcpu_v(__atomic_fetch_add(raw_cpu_ptr(&(v)), (x), __ATOMIC_RELAXED))
#define this_cpu_sub(v, x) __kloom_pcpu_v(__atomic_fetch_sub(raw_cpu_ptr(&(v)), (x), __ATOMIC_RELAXED))
#define this_cpu_inc(v) this_cpu_add(v, 1)
#define this_cpu_dec(v) this_cpu_sub(v, 1)
#define this_cpu_and(v, x) __kloom_pcpu_v(__atomic_fetch_and(raw_cpu_ptr(&(v)), (x), __ATOMIC_RELAXED))
#define this_cpu_or(v, x) __kloom_pcpu_v(__atomic_fetch_or(raw_cpu_ptr(&(v)), (x), __ATOMIC_RELAXED))
#define this_cpu_add_return(v, x) __kloom_pcpu(__atomic_add_fetch(raw_cpu_ptr(&(v)), (x), __ATOMIC_RELAXED))
#define this_cpu_sub_return(v, x) __kloom_pcpu(__atomic_sub_fetch(raw_cpu_ptr(&(v)), (x), __ATOMIC_RELAXED))
#define this_cpu_inc_return(v) this_cpu_add_return(v, 1)
#define this_cpu_dec_return(v) this_cpu_sub_return(v, 1)
#define this_cpu_xchg(v, x) __kloom_pcpu(__atomic_exchange_n(raw_cpu_ptr(&(v)), (x), __ATOMIC_RELAXED))
#define __this_cpu_read(v) (*raw_cpu_ptr(&(v)))
#define __this_cpu_write(v, x) do { *raw_cpu_ptr(&(v)) = (x); } while (0)
#define __this_cpu_add(v, x) do { *raw_cpu_ptr(&(v)) += (x); } while (0)
#define __this_cpu_sub(v, x) do { *raw_cpu_ptr(&(v)) -= (x); } while (0)
#define __this_cpu_inc(v) __this_cpu_add(v, 1)
#define __this_cpu_dec(v) __this_cpu_sub(v, 1)
#define raw_cpu_read(v) __this_cpu_read(v)
#define raw_cpu_write(v, x) __this_cpu_write(v, x)
#define raw_cpu_add(v, x) __this_cpu_add(v, x)
#define raw_cpu_inc(v) __this_cpu_inc(v)
#endif
