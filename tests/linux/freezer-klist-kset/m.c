/* Freezable threads, reference-counted lists and sets of objects */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/freezer.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/klist.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

struct item {
	struct klist_node node;
	int n;
};
static struct item items[3];
static void get(struct klist_node *n)
{
	pr_info("get %d\n", container_of(n, struct item, node)->n);
}
static void put(struct klist_node *n)
{
	pr_info("put %d\n", container_of(n, struct item, node)->n);
}
static struct klist list;
static int sleeper(void *data)
{
	set_freezable();
	pr_info("freezable %d\n", !(current->flags & PF_NOFREEZE));
	while (!kthread_should_stop()) {
		pr_info("try_to_freeze %d\n", try_to_freeze());
		schedule_timeout_interruptible(HZ);
	}
	return 0;
}
static struct kset *set;
static void released(struct kobject *k)
{
	pr_info("release %s\n", kobject_name(k));
	kfree(k);
}
static struct kobj_type type = { .release = released, .sysfs_ops = &kobj_sysfs_ops };
static int __init start(void)
{
	struct task_struct *t = kthread_run(sleeper, NULL, "kloomfreeze");
	struct klist_iter iter;
	struct klist_node *n;
	struct kobject *k, *found;
	int i;

	msleep(20);
	pr_info("stop %d\n", kthread_stop(t));
	klist_init(&list, get, put);
	for (i = 0; i < 3; i++) {
		items[i].n = i;
		klist_add_tail(&items[i].node, &list);
	}
	klist_iter_init(&list, &iter);
	while ((n = klist_next(&iter))) {
		i = container_of(n, struct item, node)->n;
		pr_info("at %d\n", i);
		if (i == 1)
			klist_del(n);
	}
	klist_iter_exit(&iter);
	pr_info("attached %d %d\n", klist_node_attached(&items[0].node), klist_node_attached(&items[1].node));
	klist_remove(&items[0].node);
	klist_del(&items[2].node);
	set = kset_create_and_add("kloomset", NULL, kernel_kobj);
	pr_info("set %d again %d\n", !!set, !!kset_create_and_add("kloomset", NULL, kernel_kobj));
	k = kzalloc(sizeof(*k), GFP_KERNEL);
	k->kset = set;
	pr_info("add %d\n", kobject_init_and_add(k, &type, NULL, "member"));
	pr_info("uevent %d\n", kobject_uevent(k, KOBJ_ADD));
	found = kset_find_obj(set, "member");
	pr_info("found %d none %d\n", found == k, kset_find_obj(set, "nosuch") == NULL);
	kobject_put(found);
	kobject_del(k);
	pr_info("after del found %d\n", kset_find_obj(set, "member") != NULL);
	kobject_put(k);
	kset_unregister(set);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
