//! CPUs and calls between them.
#ifndef KLOOM_LINUX_SMP_H
#define KLOOM_LINUX_SMP_H
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/list.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/preempt.h>
#include <linux/llist.h>
#include <asm/smp.h>
unsigned int kloom_smp_processor_id(void); //@2n this CPU's number; complains when the caller could move to another CPU
unsigned int kloom_raw_smp_processor_id(void); //@2n this CPU's number
typedef void (*smp_call_func_t)(void *info);
typedef bool (*smp_cond_func_t)(int cpu, void *info);
struct __call_single_data { struct list_head llist; smp_call_func_t func; void *info; };
typedef struct __call_single_data call_single_data_t;
int smp_call_function_single(int cpuid, smp_call_func_t func, void *info, int wait); //@4a runs func in interrupt context on a CPU; 0 or -ENXIO
int smp_call_function_single_async(int cpu, struct __call_single_data *csd); //@4a as above without waiting; csd must live; -EBUSY
void kloom_smp_call_function(smp_call_func_t func, void *info, int wait); //@4a runs func on every other CPU
void smp_call_function_many(const struct cpumask *mask, smp_call_func_t func, void *info, bool wait); //@4a runs func on the other CPUs of the mask
int smp_call_function_any(const struct cpumask *mask, smp_call_func_t func, void *info, int wait); //@4ga runs func on one CPU of the mask
void on_each_cpu_cond_mask(smp_cond_func_t cond_func, smp_call_func_t func, void *info, bool wait, const struct cpumask *mask); //@4a runs func on the CPUs for which cond_func holds, this one included
int smp_call_on_cpu(unsigned int cpu, int (*func)(void *), void *par, bool phys); //@4gs runs func in task context on a CPU; its result
void kick_all_cpus_sync(void); //@4gs waits until every CPU took an interrupt
void wake_up_all_idle_cpus(void); //@4gn wakes idle CPUs
#define smp_processor_id() kloom_smp_processor_id()
#define raw_smp_processor_id() kloom_raw_smp_processor_id()
#define __smp_processor_id() kloom_raw_smp_processor_id()
#define get_cpu() ({ preempt_disable(); kloom_raw_smp_processor_id(); })
#define put_cpu() preempt_enable()
#define __kloom_scf_3(func, info, wait) ({ kloom_smp_call_function((func), (info), (wait)); 0; })
#define __kloom_scf_4(func, info, retry, wait) KLOOM_REMOVED("kloom-removed:smp_call_function() with four arguments|2.6.27|smp_call_function(func, info, wait)") ({ kloom_smp_call_function((func), (info), (wait)); 0; })
#define __kloom_scf_pick(_1, _2, _3, _4, f, ...) f
#define smp_call_function(...) __kloom_scf_pick(__VA_ARGS__, __kloom_scf_4, __kloom_scf_3)(__VA_ARGS__)
#define __kloom_oec_3(func, info, wait) on_each_cpu_cond_mask(NULL, (func), (info), (wait), cpu_online_mask)
#define __kloom_oec_4(func, info, retry, wait) KLOOM_REMOVED("kloom-removed:on_each_cpu() with four arguments|2.6.27|on_each_cpu(func, info, wait)") __kloom_oec_3(func, info, wait)
#define on_each_cpu(...) __kloom_scf_pick(__VA_ARGS__, __kloom_oec_4, __kloom_oec_3)(__VA_ARGS__)
#define on_each_cpu_mask(mask, func, info, wait) on_each_cpu_cond_mask(NULL, (func), (info), (wait), (mask))
#define on_each_cpu_cond(cond, func, info, wait) on_each_cpu_cond_mask((cond), (func), (info), (wait), cpu_online_mask)
#endif
