/* What trying locks and asking about them gives */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/completion.h>

static DEFINE_MUTEX(m);
static DEFINE_SPINLOCK(s);
static DEFINE_RWLOCK(rw);
static DECLARE_RWSEM(sem);
static DEFINE_SEMAPHORE(one);
static DECLARE_COMPLETION(c);
static int __init start(void)
{
	pr_info("mutex try %d\n", mutex_trylock(&m));
	pr_info("mutex locked %d try %d\n", mutex_is_locked(&m), mutex_trylock(&m));
	mutex_unlock(&m);
	pr_info("mutex locked %d interruptible %d\n", mutex_is_locked(&m), mutex_lock_interruptible(&m));
	mutex_unlock(&m);
	pr_info("mutex killable %d\n", mutex_lock_killable(&m));
	mutex_unlock(&m);
	pr_info("spin try %d\n", spin_trylock(&s));
	pr_info("spin locked %d try %d\n", spin_is_locked(&s), spin_trylock(&s));
	spin_unlock(&s);
	pr_info("spin locked %d\n", spin_is_locked(&s));
	read_lock(&rw);
	pr_info("read try %d write try %d\n", read_trylock(&rw), write_trylock(&rw));
	read_unlock(&rw);
	read_unlock(&rw);
	pr_info("write try %d\n", write_trylock(&rw));
	pr_info("read try %d\n", read_trylock(&rw));
	write_unlock(&rw);
	pr_info("rwsem read try %d\n", down_read_trylock(&sem));
	pr_info("rwsem write try %d locked %d\n", down_write_trylock(&sem), rwsem_is_locked(&sem));
	up_read(&sem);
	pr_info("rwsem write try %d\n", down_write_trylock(&sem));
	downgrade_write(&sem);
	pr_info("rwsem read try %d\n", down_read_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	pr_info("rwsem locked %d\n", rwsem_is_locked(&sem));
	pr_info("sem try %d again %d\n", down_trylock(&one), down_trylock(&one));
	up(&one);
	up(&one);
	pr_info("sem twice up %d %d %d\n", down_trylock(&one), down_trylock(&one), down_trylock(&one));
	pr_info("sem timeout %d\n", down_timeout(&one, 2));
	up(&one);
	pr_info("sem interruptible %d killable %d\n", down_interruptible(&one), 0);
	up(&one);
	pr_info("done %d try %d\n", completion_done(&c), try_wait_for_completion(&c));
	complete(&c);
	pr_info("done %d try %d done %d\n", completion_done(&c), try_wait_for_completion(&c), completion_done(&c));
	complete_all(&c);
	pr_info("all %d %d %d\n", try_wait_for_completion(&c), try_wait_for_completion(&c), completion_done(&c));
	reinit_completion(&c);
	pr_info("reinit %d\n", completion_done(&c));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
