/* A mutex makes look and start one step */
#include <linux/module.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

static struct kobject *dir;
static struct task_struct *task;
static DEFINE_MUTEX(lock);

static int run(void *unused)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static ssize_t start_store(struct kobject *kobj, struct kobj_attribute *attr, const char *text, size_t count)
{
	mutex_lock(&lock);
	if (!READ_ONCE(task)) {
		struct task_struct *fresh = kthread_run(run, NULL, "runner");

		if (!IS_ERR(fresh))
			WRITE_ONCE(task, fresh);
	}
	mutex_unlock(&lock);
	return count;
}
static struct kobj_attribute start_attr = __ATTR_WO(start);

static int __init begin(void)
{
	int error;

	dir = kobject_create_and_add("runner", kernel_kobj);
	if (!dir)
		return -ENOMEM;
	error = sysfs_create_file(dir, &start_attr.attr);
	if (error)
		kobject_put(dir);
	return error;
}

static void __exit finish(void)
{
	kobject_put(dir);
	if (task)
		kthread_stop(task);
}
module_init(begin);
module_exit(finish);
MODULE_LICENSE("GPL");
