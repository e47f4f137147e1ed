//! Per-CPU memory.
#ifndef KLOOM_LINUX_PERCPU_H
#define KLOOM_LINUX_PERCPU_H
#include <linux/percpu-defs.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include <linux/printk.h>
#include <linux/init.h>
void __percpu *__alloc_percpu(size_t size, size_t align); //@4gs memory for every CPU, zeroed; NULL
void __percpu *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp); //@4gs as __alloc_percpu with flags
void free_percpu(void __percpu *ptr); //@4gs frees it; NULL allowed
#define alloc_percpu(type) ((typeof(type) __percpu *)__alloc_percpu(sizeof(type), __alignof__(type)))
#define alloc_percpu_gfp(type, gfp) ((typeof(type) __percpu *)__alloc_percpu_gfp(sizeof(type), __alignof__(type), (gfp)))
#endif
