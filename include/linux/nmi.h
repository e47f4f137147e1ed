//! Watchdogs.
#ifndef KLOOM_LINUX_NMI_H
#define KLOOM_LINUX_NMI_H
#include <linux/sched.h>
void touch_softlockup_watchdog(void); //@4n restarts the soft lockup clock of this CPU
#define touch_nmi_watchdog() touch_softlockup_watchdog()
#define touch_all_softlockup_watchdogs() touch_softlockup_watchdog()
#endif
