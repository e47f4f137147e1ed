//! Chains of callbacks.
#ifndef KLOOM_LINUX_NOTIFIER_H
#define KLOOM_LINUX_NOTIFIER_H
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock_types.h>
#include <linux/srcu.h>
struct notifier_block;
typedef int (*notifier_fn_t)(struct notifier_block *nb, unsigned long action, void *data);
struct notifier_block {
	notifier_fn_t notifier_call;
	struct notifier_block *next;
	int priority;
};
struct atomic_notifier_head { struct kloom_object obj; spinlock_t lock; struct notifier_block *head; };
struct blocking_notifier_head { struct kloom_object obj; struct rw_semaphore rwsem; struct notifier_block *head; };
struct raw_notifier_head { struct notifier_block *head; };
struct srcu_notifier_head { struct kloom_object obj; struct mutex mutex; struct srcu_struct srcu; struct notifier_block *head; };
#define ATOMIC_INIT_NOTIFIER_HEAD(n) do { (n)->obj.magic = KLOOM_MAGIC_NOTIFIER_HEAD; (n)->obj.handle = 0; spin_lock_init(&(n)->lock); (n)->head = NULL; } while (0)
#define BLOCKING_INIT_NOTIFIER_HEAD(n) do { (n)->obj.magic = KLOOM_MAGIC_NOTIFIER_HEAD; (n)->obj.handle = 0; init_rwsem(&(n)->rwsem); (n)->head = NULL; } while (0)
#define RAW_INIT_NOTIFIER_HEAD(n) do { (n)->head = NULL; } while (0)
#define ATOMIC_NOTIFIER_HEAD(name) struct atomic_notifier_head name = { .obj = KLOOM_OBJECT_INIT(NOTIFIER_HEAD), .lock = __SPIN_LOCK_INITIALIZER(name.lock) }
#define BLOCKING_NOTIFIER_HEAD(name) struct blocking_notifier_head name = { .obj = KLOOM_OBJECT_INIT(NOTIFIER_HEAD), .rwsem = __RWSEM_INITIALIZER(name.rwsem) }
#define SRCU_NOTIFIER_HEAD(name) struct srcu_notifier_head name = { .obj = KLOOM_OBJECT_INIT(NOTIFIER_HEAD), .mutex = __MUTEX_INITIALIZER(name.mutex), .srcu = { .obj = KLOOM_OBJECT_INIT(SRCU) } }
#define SRCU_NOTIFIER_HEAD_STATIC(name) static SRCU_NOTIFIER_HEAD(name)
#define RAW_NOTIFIER_HEAD(name) struct raw_notifier_head name = { NULL }
int atomic_notifier_chain_register(struct atomic_notifier_head *nh, struct notifier_block *nb); //@4ga adds by falling priority; -EEXIST
int atomic_notifier_chain_unregister(struct atomic_notifier_head *nh, struct notifier_block *nb); //@4gs removes; -ENOENT
int atomic_notifier_call_chain(struct atomic_notifier_head *nh, unsigned long val, void *v); //@4ga calls each until one says NOTIFY_STOP_MASK; the last result
int blocking_notifier_chain_register(struct blocking_notifier_head *nh, struct notifier_block *nb); //@4gs adds by falling priority; -EEXIST
int blocking_notifier_chain_unregister(struct blocking_notifier_head *nh, struct notifier_block *nb); //@4gs removes; -ENOENT
int blocking_notifier_call_chain(struct blocking_notifier_head *nh, unsigned long val, void *v); //@4gs as atomic_notifier_call_chain, may sleep
int raw_notifier_chain_register(struct raw_notifier_head *nh, struct notifier_block *nb); //@4gn adds, no lock
int raw_notifier_chain_unregister(struct raw_notifier_head *nh, struct notifier_block *nb); //@4gn removes, no lock
int raw_notifier_call_chain(struct raw_notifier_head *nh, unsigned long val, void *v); //@4gn calls, no lock
int srcu_notifier_chain_register(struct srcu_notifier_head *nh, struct notifier_block *nb); //@4gs adds
int srcu_notifier_chain_unregister(struct srcu_notifier_head *nh, struct notifier_block *nb); //@4gs removes
int srcu_notifier_call_chain(struct srcu_notifier_head *nh, unsigned long val, void *v); //@4gs calls
void srcu_init_notifier_head(struct srcu_notifier_head *nh); //@4gs initialises
#define srcu_cleanup_notifier_head(name) do { (name)->obj.magic = 0; } while (0)
#define NOTIFY_DONE 0x0000
#define NOTIFY_OK 0x0001
#define NOTIFY_STOP_MASK 0x8000
#define NOTIFY_BAD (NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP (NOTIFY_OK | NOTIFY_STOP_MASK)
#define notifier_from_errno(err) ((err) ? NOTIFY_STOP_MASK | (NOTIFY_OK - (err)) : NOTIFY_OK)
#define notifier_to_errno(ret) ({ int __nr = (ret) & ~NOTIFY_STOP_MASK; __nr > NOTIFY_OK ? NOTIFY_OK - __nr : 0; })
#endif
