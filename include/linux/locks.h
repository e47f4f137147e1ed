//! Old.
#ifndef KLOOM_LINUX_LOCKS_H
#define KLOOM_LINUX_LOCKS_H
#include <linux/spinlock.h>
#endif
