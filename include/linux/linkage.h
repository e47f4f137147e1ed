//! Linkage spellings.
#ifndef KLOOM_LINUX_LINKAGE_H
#define KLOOM_LINUX_LINKAGE_H
#include <linux/compiler_types.h>
#include <linux/stringify.h>
#include <linux/export.h>
#define ____cacheline_aligned __aligned(64)
#define ____cacheline_aligned_in_smp __aligned(64)
#define __cacheline_aligned __aligned(64)
#define __cacheline_aligned_in_smp __aligned(64)
#ifndef SMP_CACHE_BYTES
#define SMP_CACHE_BYTES 64
#define L1_CACHE_BYTES 64
#define L1_CACHE_SHIFT 6
#endif
#define __kprobes
#define nokprobe_inline __always_inline
#define NOKPROBE_SYMBOL(fn)
#define __read_mostly __section(".data..read_mostly")
#define __ro_after_init __section(".data..ro_after_init")
#define __refdata
#define __ref
#endif
