/* The elevator of a course: a module sets the pointers of three system calls, the console makes them */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define FLOORS 5

extern int (*STUB_start_elevator)(void);
extern int (*STUB_issue_request)(int, int, int);
extern int (*STUB_stop_elevator)(void);

struct passenger {
	int type, to;
	struct list_head list;
};

static struct task_struct *car;
static struct list_head waiting[FLOORS + 1], riding;
static DEFINE_MUTEX(lock);
static int floor = 1, running, serviced, inside;

static void stop_here(void)
{
	struct passenger *p, *next;

	mutex_lock(&lock);
	list_for_each_entry_safe(p, next, &riding, list) {
		if (p->to == floor) {
			list_del(&p->list);
			kfree(p);
			inside--;
			serviced++;
		}
	}
	list_for_each_entry_safe(p, next, &waiting[floor], list) {
		if (running && inside < 5) {
			list_move_tail(&p->list, &riding);
			inside++;
		}
	}
	mutex_unlock(&lock);
}

static int drive(void *unused)
{
	int step = 1;

	while (!kthread_should_stop()) {
		stop_here();
		if (running || inside) {
			if (floor + step < 1 || floor + step > FLOORS)
				step = -step;
			floor += step;
		}
		msleep(500);
	}
	return 0;
}

static int start_elevator(void)
{
	if (running)
		return 1;
	running = 1;
	return 0;
}

static int issue_request(int from, int to, int type)
{
	struct passenger *p;

	if (from < 1 || from > FLOORS || to < 1 || to > FLOORS || type < 0 || type > 3)
		return 1;
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->to = to;
	p->type = type;
	mutex_lock(&lock);
	list_add_tail(&p->list, &waiting[from]);
	mutex_unlock(&lock);
	return 0;
}

static int stop_elevator(void)
{
	if (!running)
		return 1;
	running = 0;
	return 0;
}

static int show(struct seq_file *m, void *v)
{
	seq_printf(m, "Floor: %d\nRiding: %d\nServiced: %d\n", floor, inside, serviced);
	return 0;
}

static int __init start(void)
{
	int i;

	INIT_LIST_HEAD(&riding);
	for (i = 1; i <= FLOORS; i++)
		INIT_LIST_HEAD(&waiting[i]);
	car = kthread_run(drive, NULL, "elevator");
	if (IS_ERR(car))
		return PTR_ERR(car);
	proc_create_single("elevator", 0444, NULL, show);
	STUB_start_elevator = start_elevator;
	STUB_issue_request = issue_request;
	STUB_stop_elevator = stop_elevator;
	return 0;
}

static void __exit finish(void)
{
	struct passenger *p, *next;
	int i;

	STUB_start_elevator = NULL;
	STUB_issue_request = NULL;
	STUB_stop_elevator = NULL;
	remove_proc_entry("elevator", NULL);
	kthread_stop(car);
	list_for_each_entry_safe(p, next, &riding, list)
		kfree(p);
	for (i = 1; i <= FLOORS; i++)
		list_for_each_entry_safe(p, next, &waiting[i], list)
			kfree(p);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
