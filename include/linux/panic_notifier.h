//! Called on panic.
#ifndef KLOOM_LINUX_PANIC_NOTIFIER_H
#define KLOOM_LINUX_PANIC_NOTIFIER_H
#include <linux/notifier.h>
extern struct atomic_notifier_head panic_notifier_list; //@4n called on panic
#endif
