//! Preemption count and what it says about the context.
#ifndef KLOOM_LINUX_PREEMPT_H
#define KLOOM_LINUX_PREEMPT_H
#include <linux/linkage.h>
#include <linux/list.h>
int kloom_preempt_count(void); //@2n this task's count: bits 0-7 preemption, 8-15 softirq, 16-19 hardirq, 20-23 NMI
void kloom_preempt_disable(void); //@2a adds 1 to the preemption part
void kloom_preempt_enable(void); //@2a takes 1 off; reschedules if that is due and the count is 0
void kloom_preempt_enable_no_resched(void); //@2a as kloom_preempt_enable without rescheduling
void kloom_migrate_disable(void); //@4a pins the task to its CPU; nests
void kloom_migrate_enable(void); //@4a undoes one kloom_migrate_disable()
#define PREEMPT_MASK 0x000000ffUL
#define SOFTIRQ_MASK 0x0000ff00UL
#define HARDIRQ_MASK 0x000f0000UL
#define NMI_MASK 0x00f00000UL
#define PREEMPT_BITS 8
#define SOFTIRQ_BITS 8
#define HARDIRQ_BITS 4
#define NMI_BITS 4
#define PREEMPT_SHIFT 0
#define SOFTIRQ_SHIFT 8
#define HARDIRQ_SHIFT 16
#define NMI_SHIFT 20
#define PREEMPT_OFFSET 1UL
#define SOFTIRQ_OFFSET 0x100UL
#define HARDIRQ_OFFSET 0x10000UL
#define NMI_OFFSET 0x100000UL
#define SOFTIRQ_DISABLE_OFFSET 0x200UL
#define preempt_count() kloom_preempt_count()
#define nmi_count() (preempt_count() & NMI_MASK)
#define hardirq_count() (preempt_count() & HARDIRQ_MASK)
#define softirq_count() (preempt_count() & SOFTIRQ_MASK)
#define irq_count() (preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_MASK))
#define in_nmi() (nmi_count())
#define in_hardirq() (hardirq_count())
#define in_serving_softirq() (softirq_count() & SOFTIRQ_OFFSET)
#define in_task() (!(preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET)))
#define in_irq() (hardirq_count())
#define in_softirq() (softirq_count())
#define in_interrupt() (irq_count())
#define in_atomic() (preempt_count() != 0)
#define in_atomic_preempt_off() (preempt_count() != 1)
#define preemptible() (preempt_count() == 0 && !irqs_disabled())
#define preempt_disable() kloom_preempt_disable()
#define preempt_enable() kloom_preempt_enable()
#define preempt_disable_notrace() kloom_preempt_disable()
#define preempt_enable_notrace() kloom_preempt_enable()
#define preempt_enable_no_resched() kloom_preempt_enable_no_resched()
#define sched_preempt_enable_no_resched() kloom_preempt_enable_no_resched()
#define preempt_check_resched() do { } while (0)
#define migrate_disable() kloom_migrate_disable()
#define migrate_enable() kloom_migrate_enable()
#endif
