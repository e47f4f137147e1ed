//! panic() is in linux/bug.h; panic notifiers in linux/panic_notifier.h.
#ifndef KLOOM_LINUX_PANIC_H
#define KLOOM_LINUX_PANIC_H
#include <linux/bug.h>
#endif
