/* Small things of lib/ and kernel/, each with what it answers at its limits */
#include <linux/crc16.h>
#include <linux/crc8.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/ioport.h>
#include <linux/kallsyms.h>
#include <linux/klist.h>
#include <linux/kobject.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/refcount.h>
#include <linux/rtc.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>
#include <linux/utsname.h>

DECLARE_CRC8_TABLE(table);
static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);

struct item { int number; struct klist_node node; };

static void get(struct klist_node *n)
{
}

static void put(struct klist_node *n)
{
	pr_info("item %d is off\n", container_of(n, struct item, node)->number);
}

static struct klist list;
static struct item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };

static void lists(void)
{
	struct klist_iter i;
	struct klist_node *n;
	int k;

	klist_init(&list, get, put);
	for (k = 0; k < 3; k++)
		klist_add_tail(&items[k].node, &list);
	klist_iter_init(&list, &i);
	while ((n = klist_next(&i))) {
		int number = container_of(n, struct item, node)->number;

		pr_info("item %d\n", number);
		if (number == 2) {
			klist_del(n);
			pr_info("deleted while in use: attached %d\n", klist_node_attached(n));
		}
	}
	klist_iter_exit(&i);
	pr_info("attached %d %d\n", klist_node_attached(&items[1].node), klist_node_attached(&items[0].node));
	klist_remove(&items[0].node);
	klist_remove(&items[2].node);
}

static void regions(void)
{
	struct resource *res = request_region(0x300, 8, "mine");

	pr_info("region %s, again %d, overlapping %d, the keyboard's %d, none %d\n", res ? res->name : "none",
		request_region(0x300, 8, "again") != NULL, request_region(0x307, 1, "over") != NULL,
		request_region(0x60, 1, "keys") != NULL, request_region(0x500, 0, "none") != NULL);
	release_region(0x300, 8);
	release_region(0x300, 8);
}

static void pools(void)
{
	mempool_t *pool = mempool_create_kmalloc_pool(2, 64);

	if (!pool)
		return;
	pr_info("resize %d, to nothing %d\n", mempool_resize(pool, 5), mempool_resize(pool, 0));
	pr_info("%d kept\n", pool->curr_nr);
	pr_info("resize %d\n", mempool_resize(pool, 1));
	pr_info("%d kept\n", pool->curr_nr);
	mempool_destroy(pool);
}

static void counts(void)
{
	refcount_t r = REFCOUNT_INIT(2);

	pr_info("dec_and_lock %d", refcount_dec_and_lock(&r, &lock));
	pr_cont(" %d\n", refcount_dec_and_lock(&r, &lock));
	spin_unlock(&lock);
	refcount_set(&r, 1);
	pr_info("dec_and_mutex_lock %d\n", refcount_dec_and_mutex_lock(&r, &mutex));
	mutex_unlock(&mutex);
}

static void texts(void)
{
	struct kobj_uevent_env *env = kzalloc(sizeof(*env), GFP_KERNEL);
	char buf[KSYM_SYMBOL_LEN];
	unsigned long trace[4];
	struct rtc_time tm;
	struct sysinfo info;
	sigset_t old;

	sprint_symbol(buf, (unsigned long)lists + 4);
	pr_info("%s\n", buf);
	sprint_symbol_no_offset(buf, (unsigned long)lists);
	pr_info("%s\n", buf);
	rtc_time64_to_tm(951782399, &tm);
	pr_info("%d-%d-%d %d:%d:%d, day %d of the week, %d of the year\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_wday, tm.tm_yday);
	rtc_time64_to_tm(-1, &tm);
	pr_info("%d-%d-%d\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	si_meminfo(&info);
	pr_info("%lu pages, unit %u, some free %d\n", info.totalram, info.mem_unit, info.freeram < info.totalram);
	pr_info("%s %s on %s\n", utsname()->sysname, utsname()->release, utsname()->machine);
	pr_info("sigprocmask %d, %d\n", sigprocmask(SIG_BLOCK, NULL, &old), sigprocmask(77, &old, NULL));
	if (env) {
		add_uevent_var(env, "A=%d", 1);
		pr_info("uevent %d\n", add_uevent_var(env, "B=%s", "two"));
		pr_info("uevent %s, %s\n", env->envp[0], env->envp[1]);
		kfree(env);
	}
	stack_trace_print(trace, stack_trace_save(trace, 4, 0), 2);
}

static ssize_t where_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	char room[64], small[4];
	char *path = d_path(&file->f_path, room, sizeof(room));

	pr_info("d_path %s, too small %ld\n", path, PTR_ERR(d_path(&file->f_path, small, sizeof(small))));
	return 0;
}

static const struct proc_ops where_ops = { .proc_read = where_read };

static int __init start(void)
{
	crc8_populate_msb(table, 0x07);
	pr_info("crc8 %02x, crc16 %04x\n", crc8(table, "123456789", 9, 0), crc16(0, "123456789", 9));
	crc8_populate_lsb(table, 0x8c);
	pr_info("crc8 %02x\n", crc8(table, "123456789", 9, 0));
	lists();
	regions();
	pools();
	counts();
	texts();
	proc_create("where", 0444, NULL, &where_ops);
	return 0;
}

static void __exit finish(void)
{
	remove_proc_entry("where", NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
