//! User memory: copied and checked by the simulated kernel.
#ifndef KLOOM_LINUX_UACCESS_H
#define KLOOM_LINUX_UACCESS_H
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include <linux/kernel.h>
#include <asm/uaccess.h>
#include <linux/string.h>
#endif
