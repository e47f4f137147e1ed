//! Interrupt lines, tasklets, softirqs.
#ifndef KLOOM_LINUX_INTERRUPT_H
#define KLOOM_LINUX_INTERRUPT_H
#include <linux/kernel.h>
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/irqreturn.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/workqueue.h>
#include <linux/jump_label.h>
#include <linux/irqnr.h>
#define IRQF_TRIGGER_NONE 0x00000000
#define IRQF_TRIGGER_RISING 0x00000001
#define IRQF_TRIGGER_FALLING 0x00000002
#define IRQF_TRIGGER_HIGH 0x00000004
#define IRQF_TRIGGER_LOW 0x00000008
#define IRQF_DISABLED 0x00000020
#define IRQF_SHARED 0x00000080
#define IRQF_PROBE_SHARED 0x00000100
#define IRQF_TIMER 0x00000200
#define IRQF_PERCPU 0x00000400
#define IRQF_NOBALANCING 0x00000800
#define IRQF_ONESHOT 0x00002000
#define IRQF_NO_SUSPEND 0x00004000
#define IRQF_NO_THREAD 0x00010000
#define IRQF_NO_AUTOEN 0x00080000
#define IRQF_SAMPLE_RANDOM 0
#define SA_SHIRQ IRQF_SHARED
#define SA_INTERRUPT IRQF_DISABLED
typedef irqreturn_t (*irq_handler_t)(int, void *);
int request_threaded_irq(unsigned int irq, irq_handler_t handler, irq_handler_t thread_fn, unsigned long flags, const char *name, void *dev); //@4s claims a line; with thread_fn a kthread irq/N-name runs it; -EINVAL, -EBUSY
int request_any_context_irq(unsigned int irq, irq_handler_t handler, unsigned long flags, const char *name, void *dev_id); //@4gs claims a line
const void *free_irq(unsigned int irq, void *dev_id); //@4s gives it up, waiting for a running handler; the name
void disable_irq(unsigned int irq); //@4s masks the line and waits for its handlers and threads; nests
void disable_irq_nosync(unsigned int irq); //@4a masks the line; nests
void enable_irq(unsigned int irq); //@4a undoes one disable
void synchronize_irq(unsigned int irq); //@4s waits for running handlers and threads
#define IRQ_NOTCONNECTED (1U << 31)
void irq_wake_thread(unsigned int irq, void *dev_id); //@4ga wakes the line's thread
int irq_set_affinity_hint_kloom(unsigned int irq, const struct cpumask *m); //@4gn as irq_set_affinity; NULL allowed
int irq_set_irq_type(unsigned int irq, unsigned int type); //@4n accepts a trigger type
#define request_irq(irq, handler, flags, name, dev) request_threaded_irq((irq), (handler), NULL, (flags), (name), (dev))
struct device;
int devm_request_threaded_irq(struct device *dev, unsigned int irq, irq_handler_t handler, irq_handler_t thread_fn, unsigned long irqflags, const char *devname, void *dev_id); //@4s as request_threaded_irq; the line is given up with the device's driver
void devm_free_irq(struct device *dev, unsigned int irq, void *dev_id); //@4s gives it up now
#define devm_request_irq(dev, irq, h, flags, name, id) devm_request_threaded_irq((dev), (irq), (h), NULL, (flags), (name), (id))
#define irq_set_affinity_hint(irq, m) irq_set_affinity_hint_kloom(irq, m)
bool synchronize_hardirq(unsigned int irq); //@4a waits for running handlers, not for threads; true if none of those runs
bool disable_hardirq(unsigned int irq); //@4ga as disable_irq without waiting for threads
int irq_set_affinity(unsigned int irq, const struct cpumask *m); //@4ga the line's interrupts come on the first CPU of the mask; -EINVAL
int irq_inject_interrupt(unsigned int irq); //@4ga raises the line; -EINVAL if nobody asked for it
int irq_has_action(unsigned int irq); //@4gn whether anybody asked for the line
enum { HI_SOFTIRQ, TIMER_SOFTIRQ, NET_TX_SOFTIRQ, NET_RX_SOFTIRQ, BLOCK_SOFTIRQ, IRQ_POLL_SOFTIRQ, TASKLET_SOFTIRQ, SCHED_SOFTIRQ, HRTIMER_SOFTIRQ, RCU_SOFTIRQ, NR_SOFTIRQS };
struct softirq_action { void (*action)(struct softirq_action *); };
void open_softirq(int nr, void (*action)(struct softirq_action *)); //@4n installs a softirq's function (not exported by Linux)
void raise_softirq(unsigned int nr); //@4a marks a softirq pending on this CPU (not exported by Linux)
void raise_softirq_irqoff(unsigned int nr); //@4a as raise_softirq with interrupts off
struct tasklet_struct {
	struct kloom_object obj;
	struct tasklet_struct *next;
	unsigned long state;
	atomic_t count;
	bool use_callback;
	union {
		void (*func)(unsigned long data);
		void (*callback)(struct tasklet_struct *t);
	};
	unsigned long data;
};
enum { TASKLET_STATE_SCHED, TASKLET_STATE_RUN };
#define __kloom_tasklet_2(name, fn) struct tasklet_struct name = { .obj = KLOOM_OBJECT_INIT(TASKLET), .count = ATOMIC_INIT(0), .use_callback = true, .callback = (fn) }
#define __kloom_tasklet_3(name, fn, dat) KLOOM_REMOVED("kloom-removed:DECLARE_TASKLET() with three arguments|5.9|DECLARE_TASKLET(name, func), whose func takes the tasklet") struct tasklet_struct name = { .obj = KLOOM_OBJECT_INIT(TASKLET), .count = ATOMIC_INIT(0), .func = (void (*)(unsigned long))(fn), .data = (unsigned long)(dat) }
#define __kloom_tasklet_pick(_1, _2, _3, f, ...) f
/* Two arguments since 5.9, three before. */
#define DECLARE_TASKLET(...) __kloom_tasklet_pick(__VA_ARGS__, __kloom_tasklet_3, __kloom_tasklet_2)(__VA_ARGS__)
#define DECLARE_TASKLET_OLD(name, fn) struct tasklet_struct name = { .obj = KLOOM_OBJECT_INIT(TASKLET), .count = ATOMIC_INIT(0), .func = (fn) }
#define __kloom_tasklet_dis_2(name, fn) struct tasklet_struct name = { .obj = KLOOM_OBJECT_INIT(TASKLET), .count = ATOMIC_INIT(1), .use_callback = true, .callback = (fn) }
#define __kloom_tasklet_dis_3(name, fn, dat) KLOOM_REMOVED("kloom-removed:DECLARE_TASKLET_DISABLED() with three arguments|5.9|DECLARE_TASKLET_DISABLED(name, func), whose func takes the tasklet") struct tasklet_struct name = { .obj = KLOOM_OBJECT_INIT(TASKLET), .count = ATOMIC_INIT(1), .func = (void (*)(unsigned long))(fn), .data = (unsigned long)(dat) }
#define DECLARE_TASKLET_DISABLED(...) __kloom_tasklet_pick(__VA_ARGS__, __kloom_tasklet_dis_3, __kloom_tasklet_dis_2)(__VA_ARGS__)
#define from_tasklet(var, callback_tasklet, field) container_of(callback_tasklet, typeof(*var), field)
void tasklet_init(struct tasklet_struct *t, void (*func)(unsigned long), unsigned long data); //@4n (re)initialises with a function that takes data
void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *)); //@4n (re)initialises with a function that takes the tasklet
void __tasklet_schedule(struct tasklet_struct *t); //@4a runs it soon in softirq, once however often scheduled before
void __tasklet_hi_schedule(struct tasklet_struct *t); //@4a the same at high priority
void tasklet_kill(struct tasklet_struct *t); //@4s waits until it neither is scheduled nor runs
void kloom_tasklet_disable(struct tasklet_struct *t); //@4s keeps it from running and waits for a running one; nests
void kloom_tasklet_disable_nosync(struct tasklet_struct *t); //@4a the same without waiting
void kloom_tasklet_enable(struct tasklet_struct *t); //@4a undoes one disable
#define tasklet_schedule(t) __tasklet_schedule(t)
#define tasklet_hi_schedule(t) __tasklet_hi_schedule(t)
#define tasklet_disable(t) kloom_tasklet_disable(t)
#define tasklet_disable_nosync(t) kloom_tasklet_disable_nosync(t)
#define tasklet_disable_in_atomic(t) kloom_tasklet_disable(t)
#define tasklet_enable(t) kloom_tasklet_enable(t)
#define tasklet_hi_enable(t) kloom_tasklet_enable(t)
#define tasklet_trylock(t) (!test_and_set_bit(TASKLET_STATE_RUN, &(t)->state))
struct pt_regs;
struct task_struct *kloom_ksoftirqd(void); //@4n ksoftirqd of this CPU
#define this_cpu_ksoftirqd() kloom_ksoftirqd()
#endif
