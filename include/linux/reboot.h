//! Reboot notifiers.
#ifndef KLOOM_LINUX_REBOOT_H
#define KLOOM_LINUX_REBOOT_H
#include <linux/notifier.h>
#define SYS_DOWN 1
#define SYS_RESTART SYS_DOWN
#define SYS_HALT 2
#define SYS_POWER_OFF 3
int register_reboot_notifier(struct notifier_block *nb); //@4s calls nb at shutdown
int unregister_reboot_notifier(struct notifier_block *nb); //@4s undoes it
#endif
