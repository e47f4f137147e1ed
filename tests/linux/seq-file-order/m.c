/* In which order a sequence's functions are called, and what readers of pieces get */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int last = 5;
static void *first(struct seq_file *s, loff_t *pos)
{
	pr_info("start %lld\n", *pos);
	return *pos < last ? pos : NULL;
}
static void *next(struct seq_file *s, void *v, loff_t *pos)
{
	++*pos;
	return *pos < last ? pos : NULL;
}
static void stop(struct seq_file *s, void *v)
{
	pr_info("stop %s\n", v ? "early" : "at end");
}
static int show(struct seq_file *s, void *v)
{
	loff_t at = *(loff_t *)v;
	if (at == 2)
		return SEQ_SKIP;
	seq_printf(s, "line %lld", at);
	seq_putc(s, '\n');
	return 0;
}
static const struct seq_operations ops = { .start = first, .next = next, .stop = stop, .show = show };
static int once(struct seq_file *s, void *v)
{
	pr_info("once\n");
	seq_puts(s, "single\n");
	return 0;
}
static int failing(struct seq_file *s, void *v)
{
	seq_puts(s, "lost\n");
	return -EAGAIN;
}
static int big(struct seq_file *s, void *v)
{
	int i;
	pr_info("big\n");
	for (i = 0; i < 1000; i++)
		seq_printf(s, "%07d\n", i);
	return 0;
}
static int __init start(void)
{
	proc_create_seq("kloomseq", 0444, NULL, &ops);
	proc_create_single("kloomonce", 0444, NULL, once);
	proc_create_single("kloomfail", 0444, NULL, failing);
	proc_create_single("kloombig", 0444, NULL, big);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	remove_proc_entry("kloomseq", NULL);
	remove_proc_entry("kloomonce", NULL);
	remove_proc_entry("kloomfail", NULL);
	remove_proc_entry("kloombig", NULL);
}
module_exit(finish);
MODULE_LICENSE("GPL");
