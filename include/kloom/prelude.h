//! Force-included first in every unit: the configuration of a Debian-like 6.1 SMP x86-64 kernel,
//! `IS_ENABLED()`, compiler attributes and the basic types.
#ifndef KLOOM_KLOOM_PRELUDE_H
#define KLOOM_KLOOM_PRELUDE_H
#define CONFIG_64BIT 1
#define CONFIG_X86 1
#define CONFIG_X86_64 1
#define CONFIG_SMP 1
#define CONFIG_NR_CPUS 64
#define CONFIG_HZ 250
#define CONFIG_HZ_250 1
#define CONFIG_MMU 1
#define CONFIG_MODULES 1
#define CONFIG_MODULE_UNLOAD 1
#define CONFIG_PRINTK 1
#define CONFIG_BUG 1
#define CONFIG_PROC_FS 1
#define CONFIG_SYSFS 1
#define CONFIG_SYSCTL 1
#define CONFIG_DEBUG_FS 1
#define CONFIG_KALLSYMS 1
#define CONFIG_PREEMPT_VOLUNTARY 1
#define CONFIG_PREEMPT_DYNAMIC 1
#define CONFIG_PREEMPTION 1
#define CONFIG_PREEMPT_COUNT 1
#define CONFIG_PREEMPT_RCU 1
#define CONFIG_TREE_RCU 1
#define CONFIG_HIGH_RES_TIMERS 1
#define CONFIG_GENERIC_CLOCKEVENTS 1
#define CONFIG_HOTPLUG_CPU 1
#define CONFIG_FREEZER 1
#define CONFIG_COMPAT 1
#define CONFIG_MULTIUSER 1
#define CONFIG_SLUB 1
#define CONFIG_EVENTFD 1
#define CONFIG_DEVTMPFS 1
#define CONFIG_BASE_SMALL 0
#define CONFIG_STACKTRACE 1
#define CONFIG_IRQ_WORK 1
#define CONFIG_SCHED_INFO 1
#define CONFIG_DEBUG_LIST 1
#define CONFIG_X86_L1_CACHE_SHIFT 6
#define CONFIG_KLOOM 1

/* 1 when the option is defined as 1, else 0, usable in #if and in C. */
#define __kloom_comma_1 0,
#define __kloom_pick2(ignored, value, ...) value
#define __kloom_opt3(probe) __kloom_pick2(probe 1, 0)
#define __kloom_opt2(value) __kloom_opt3(__kloom_comma_##value)
#define __kloom_opt(option) __kloom_opt2(option)
#define IS_BUILTIN(option) __kloom_opt(option)
#define IS_MODULE(option) __kloom_opt(option##_MODULE)
#define IS_ENABLED(option) (IS_BUILTIN(option) || IS_MODULE(option))
#define IS_REACHABLE(option) IS_ENABLED(option)

#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME "module"
#endif
#ifndef KBUILD_BASENAME
#define KBUILD_BASENAME KBUILD_MODNAME
#endif
#ifndef LINUX_VERSION_CODE
#define LINUX_VERSION_CODE 393472 /* 6.1.0 */
#endif

#include <kloom/removed.h>
#include <linux/compiler.h>
#include <linux/types.h>
#endif
