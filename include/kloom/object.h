//! The first member of every kernel object that a module embeds in its own memory.
//!
//! `magic` tells the kind and that an initialiser ran; zero means "never initialised". `handle` is 0
//! until first use, then the simulated kernel's index of the object's state.
#ifndef KLOOM_KLOOM_OBJECT_H
#define KLOOM_KLOOM_OBJECT_H
struct kloom_object {
	unsigned int magic;
	unsigned int handle;
};

enum kloom_magic {
	KLOOM_MAGIC_SPINLOCK = 0x4b4c0001,
	KLOOM_MAGIC_RWLOCK = 0x4b4c0002,
	KLOOM_MAGIC_MUTEX = 0x4b4c0003,
	KLOOM_MAGIC_SEMAPHORE = 0x4b4c0004,
	KLOOM_MAGIC_RWSEM = 0x4b4c0005,
	KLOOM_MAGIC_PERCPU_RWSEM = 0x4b4c0006,
	KLOOM_MAGIC_SEQLOCK = 0x4b4c0007,
	KLOOM_MAGIC_SEQCOUNT = 0x4b4c0008,
	KLOOM_MAGIC_RTMUTEX = 0x4b4c0009,
	KLOOM_MAGIC_WAIT_QUEUE_HEAD = 0x4b4c0011,
	KLOOM_MAGIC_WAIT_QUEUE_ENTRY = 0x4b4c0012,
	KLOOM_MAGIC_COMPLETION = 0x4b4c0013,
	KLOOM_MAGIC_SWAIT_QUEUE_HEAD = 0x4b4c0014,
	KLOOM_MAGIC_SWAIT_QUEUE = 0x4b4c0015,
	KLOOM_MAGIC_TIMER = 0x4b4c0021,
	KLOOM_MAGIC_HRTIMER = 0x4b4c0022,
	KLOOM_MAGIC_TASKLET = 0x4b4c0023,
	KLOOM_MAGIC_WORK = 0x4b4c0024,
	KLOOM_MAGIC_DELAYED_WORK = 0x4b4c0025,
	KLOOM_MAGIC_RCU_WORK = 0x4b4c0026,
	KLOOM_MAGIC_KTHREAD_WORKER = 0x4b4c0027,
	KLOOM_MAGIC_KTHREAD_WORK = 0x4b4c0028,
	KLOOM_MAGIC_KTHREAD_DELAYED_WORK = 0x4b4c0029,
	KLOOM_MAGIC_IRQ_WORK = 0x4b4c002a,
	KLOOM_MAGIC_SRCU = 0x4b4c0031,
	KLOOM_MAGIC_PERCPU_COUNTER = 0x4b4c0032,
	KLOOM_MAGIC_IDR = 0x4b4c0041,
	KLOOM_MAGIC_IDA = 0x4b4c0042,
	KLOOM_MAGIC_XARRAY = 0x4b4c0043,
	KLOOM_MAGIC_NOTIFIER_HEAD = 0x4b4c0044,
	KLOOM_MAGIC_RATELIMIT = 0x4b4c0045,
	KLOOM_MAGIC_CDEV = 0x4b4c0051,
	KLOOM_MAGIC_KOBJECT = 0x4b4c0052,
	KLOOM_MAGIC_DEVICE = 0x4b4c0053,
	KLOOM_MAGIC_CLASS = 0x4b4c0054,
	KLOOM_MAGIC_SEQ_FILE = 0x4b4c0055,
	KLOOM_MAGIC_MISCDEVICE = 0x4b4c0056,
};

/* One per place in the source where an initialiser stands: what lockdep calls a class. */
struct lock_class_key { struct kloom_object obj; };

#define KLOOM_OBJECT_INIT(kind) { .magic = KLOOM_MAGIC_##kind, .handle = 0 }

/* Notes that the module used `name`, which Linux has dropped; the kernel says so once per name. */
void kloom_removed_api(const char *name, const char *replacement); //@2n notes once per name that a call removed from Linux was used, and what replaces it
#endif
