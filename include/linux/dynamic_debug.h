//! Dynamic debug is off; pr_debug() is in linux/printk.h.
#ifndef KLOOM_LINUX_DYNAMIC_DEBUG_H
#define KLOOM_LINUX_DYNAMIC_DEBUG_H
#include <linux/printk.h>
#endif
