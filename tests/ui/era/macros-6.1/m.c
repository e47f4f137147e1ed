/* The macros of the years up to 2.6.39 on the default kernel: the same notes */
#include <linux/config.h>
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/init.h>
#include <linux/sched.h>
#include <linux/smp_lock.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/interrupt.h>
#include <asm/semaphore.h>
#include <asm/system.h>
#include <asm/uaccess.h>

static int n = 3;
static char *who = "world";
static int many[4];
MODULE_PARM(n, "i");
MODULE_PARM(who, "s");
MODULE_PARM(many, "1-4i");

static spinlock_t lock = SPIN_LOCK_UNLOCKED;
static rwlock_t rw = RW_LOCK_UNLOCKED;
static DECLARE_MUTEX(sem);
static DECLARE_MUTEX_LOCKED(taken);
static struct semaphore other, closed;

static void tick(unsigned long data)
{
	printk(KERN_INFO "tick %lu\n", data);
}
static struct timer_list timer = TIMER_INITIALIZER(tick, 0, 7);
static DEFINE_TIMER(second, tick, 0, 8);

static void soft(unsigned long data)
{
	printk(KERN_INFO "tasklet %lu\n", data);
}
DECLARE_TASKLET(task, soft, 9);
DECLARE_TASKLET_DISABLED(held, soft, 10);

static void poke(void *unused)
{
	printk(KERN_INFO "on cpu %d\n", smp_processor_id());
}

static int __devinit start(void)
{
	MOD_INC_USE_COUNT;
	init_MUTEX(&other);
	init_MUTEX_LOCKED(&closed);
	down(&other);
	down(&sem);
	up(&sem);
	if (down_trylock(&taken) && down_trylock(&closed))
		printk(KERN_INFO "born taken\n");
	up(&other);
	spin_lock(&lock);
	spin_unlock(&lock);
	read_lock(&rw);
	read_unlock(&rw);
	lock_kernel();
	if (!access_ok(VERIFY_WRITE, (void *)-4096, 10) && verify_area(VERIFY_READ, (void *)-4096, 1))
		printk(KERN_INFO "no user address\n");
	unlock_kernel();
	printk(KERN_INFO "n=%d who=%s many=%d,%d\n", n, who, many[0], many[1]);
	if (cpu_isset(0, cpu_online_map))
		printk(KERN_INFO "cpu 0 is online\n");
	smp_call_function(poke, NULL, 0, 1);
	on_each_cpu(poke, NULL, 0, 1);
	mod_timer(&timer, jiffies + HZ);
	mod_timer(&second, jiffies + HZ);
	tasklet_schedule(&task);
	tasklet_schedule(&held);
	tasklet_enable(&held);
	MOD_DEC_USE_COUNT;
	return 0;
}

static void __devexit finish(void)
{
	del_timer_sync(&timer);
	del_timer_sync(&second);
	tasklet_kill(&task);
	tasklet_kill(&held);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
