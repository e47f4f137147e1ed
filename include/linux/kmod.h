//! Starting user programs and loading modules.
#ifndef KLOOM_LINUX_KMOD_H
#define KLOOM_LINUX_KMOD_H
#include <linux/umh.h>
#include <linux/gfp.h>
#include <linux/stddef.h>
#include <linux/errno.h>
#include <linux/compiler.h>
#include <linux/workqueue.h>
#include <linux/sysctl.h>
__printf(2, 3) int __request_module(bool wait, const char *name, ...); //@4s asks user space for a module; 0 or -errno
#define request_module(mod...) __request_module(true, mod)
#define request_module_nowait(mod...) __request_module(false, mod)
#endif
