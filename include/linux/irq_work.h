//! Work run in interrupt context.
#ifndef KLOOM_LINUX_IRQ_WORK_H
#define KLOOM_LINUX_IRQ_WORK_H
#include <linux/smp.h>
#include <kloom/object.h>
struct irq_work { struct kloom_object obj; atomic_t flags; void (*func)(struct irq_work *); };
#define IRQ_WORK_INIT(fn) { .obj = KLOOM_OBJECT_INIT(IRQ_WORK), .func = (fn) }
#define DEFINE_IRQ_WORK(name, fn) struct irq_work name = IRQ_WORK_INIT(fn)
void kloom_init_irq_work(struct irq_work *work, void (*func)(struct irq_work *)); //@4n (re)initialises
bool irq_work_queue(struct irq_work *work); //@4ga runs it in interrupt context on this CPU; false if queued
bool irq_work_queue_on(struct irq_work *work, int cpu); //@4ga the same on another CPU
void irq_work_sync(struct irq_work *work); //@4gs waits until it has run
#define init_irq_work(w, f) kloom_init_irq_work((w), (f))
#endif
