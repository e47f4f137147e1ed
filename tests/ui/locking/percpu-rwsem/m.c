/* Two readers at once, then a writer */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu-rwsem.h>

static struct percpu_rw_semaphore sem;
DEFINE_STATIC_PERCPU_RWSEM(fixed);
static atomic_t inside = ATOMIC_INIT(0);

static int reader(void *data)
{
	percpu_down_read(&sem);
	pr_info("readers inside: %d\n", atomic_inc_return(&inside));
	msleep(100);
	atomic_dec(&inside);
	percpu_up_read(&sem);
	return 0;
}

static int writer(void *data)
{
	percpu_down_write(&sem);
	pr_info("writer alone: %d, trylock %d\n", atomic_read(&inside) == 0, percpu_down_read_trylock(&sem));
	percpu_up_write(&sem);
	return 0;
}

static int __init start(void)
{
	int ret = percpu_init_rwsem(&sem);

	if (ret)
		return ret;
	kthread_run(reader, NULL, "reader/1");
	kthread_run(reader, NULL, "reader/2");
	msleep(20);
	kthread_run(writer, NULL, "writer");
	percpu_down_read(&fixed);
	percpu_up_read(&fixed);
	return 0;
}

static void __exit finish(void)
{
	percpu_down_write(&sem);
	percpu_up_write(&sem);
	percpu_free_rwsem(&sem);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
