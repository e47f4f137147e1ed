//! Sections that are dropped after start, and the entry points' declarations.
#ifndef KLOOM_LINUX_INIT_H
#define KLOOM_LINUX_INIT_H
#include <linux/compiler.h>
#include <linux/types.h>
typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);
#define __exit_p(x) (x)
#define __init_or_module
#define __initdata_or_module
#define __devinit KLOOM_REMOVED("kloom-removed:__devinit|3.8|no attribute")
#define __devinitdata KLOOM_REMOVED("kloom-removed:__devinitdata|3.8|no attribute")
#define __devinitconst KLOOM_REMOVED("kloom-removed:__devinitconst|3.8|no attribute")
#define __devexit KLOOM_REMOVED("kloom-removed:__devexit|3.8|no attribute")
#define __devexitdata KLOOM_REMOVED("kloom-removed:__devexitdata|3.8|no attribute")
#define __devexit_p(x) KLOOM_REMOVED("kloom-removed:__devexit_p()|3.8|the function itself") (x)
#define __cpuinit
#define __cpuinitdata
#define __meminit
#define __net_init
#define __net_exit
#ifndef __refdata
#define __refdata
#define __ref
#endif
/* The two entry points become aliases under the names that the loader looks for. No semicolon needs to follow, as in Linux. */
#define module_init(fn) \
	int init_module(void) __attribute__((__copy__(fn), alias(#fn))); \
	static inline initcall_t __maybe_unused __kloom_inittest(void) { return fn; }
#define module_exit(fn) \
	void cleanup_module(void) __attribute__((__copy__(fn), alias(#fn))); \
	static inline exitcall_t __maybe_unused __kloom_exittest(void) { return fn; }
#if defined(__clang__)
#undef module_init
#undef module_exit
#define module_init(fn) \
	int init_module(void) __attribute__((alias(#fn))); \
	static inline initcall_t __maybe_unused __kloom_inittest(void) { return fn; }
#define module_exit(fn) \
	void cleanup_module(void) __attribute__((alias(#fn))); \
	static inline exitcall_t __maybe_unused __kloom_exittest(void) { return fn; }
#endif
#define early_initcall(fn) module_init(fn)
#define core_initcall(fn) module_init(fn)
#define postcore_initcall(fn) module_init(fn)
#define arch_initcall(fn) module_init(fn)
#define subsys_initcall(fn) module_init(fn)
#define fs_initcall(fn) module_init(fn)
#define rootfs_initcall(fn) module_init(fn)
#define device_initcall(fn) module_init(fn)
#define late_initcall(fn) module_init(fn)
#define late_initcall_sync(fn) module_init(fn)
#define __setup(str, fn)
#define early_param(str, fn)
#endif
