//! Interrupts off and on, on this CPU.
#ifndef KLOOM_LINUX_IRQFLAGS_H
#define KLOOM_LINUX_IRQFLAGS_H
#include <linux/typecheck.h>
void kloom_local_irq_disable(void); //@2a masks interrupts on this CPU
void kloom_local_irq_enable(void); //@2a unmasks them; pending ones are taken now
unsigned long kloom_local_irq_save(void); //@2a masks and returns the former state (x86 flags: 0x200 when interrupts were on)
void kloom_local_irq_restore(unsigned long flags); //@2a restores that state
int kloom_irqs_disabled(void); //@2n 1 while masked
#define local_irq_disable() kloom_local_irq_disable()
#define local_irq_enable() kloom_local_irq_enable()
#define local_irq_save(flags) do { typecheck(unsigned long, flags); flags = kloom_local_irq_save(); } while (0)
#define local_irq_restore(flags) do { typecheck(unsigned long, flags); kloom_local_irq_restore(flags); } while (0)
#define local_save_flags(flags) do { flags = kloom_irqs_disabled() ? 0UL : 0x200UL; } while (0)
#define raw_local_irq_save(flags) local_irq_save(flags)
#define raw_local_irq_restore(flags) local_irq_restore(flags)
#define raw_local_irq_disable() local_irq_disable()
#define raw_local_irq_enable() local_irq_enable()
#define irqs_disabled() kloom_irqs_disabled()
#define irqs_disabled_flags(flags) (!((flags) & 0x200UL))
#define cli() kloom_local_irq_disable()
#define sti() kloom_local_irq_enable()
#define save_flags(flags) local_save_flags(flags)
#define restore_flags(flags) kloom_local_irq_restore(flags)
#endif
