//! Oops notifiers.
#ifndef KLOOM_LINUX_KDEBUG_H
#define KLOOM_LINUX_KDEBUG_H
#include <linux/notifier.h>
struct die_args { struct pt_regs *regs; const char *str; long err; int trapnr; int signr; };
enum die_val { DIE_UNUSED, DIE_OOPS = 1, DIE_INT3, DIE_DEBUG, DIE_PANIC, DIE_NMI, DIE_DIE, DIE_KERNELDEBUG, DIE_TRAP, DIE_GPF, DIE_CALL, DIE_PAGE_FAULT, DIE_NMIUNKNOWN };
int register_die_notifier(struct notifier_block *nb); //@4gs calls nb on an oops
int unregister_die_notifier(struct notifier_block *nb); //@4gs undoes it
#endif
