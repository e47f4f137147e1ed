/* An iterator over 5000 lines, one show function that needs a larger buffer, skipped records */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define LINES 5000

static void *many_start(struct seq_file *m, loff_t *pos)
{
	return *pos < LINES ? pos : NULL;
}

static void *many_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return *pos < LINES ? pos : NULL;
}

static void many_stop(struct seq_file *m, void *v)
{
}

static int many_show(struct seq_file *m, void *v)
{
	loff_t line = *(loff_t *)v;

	if (line % 10 == 7)
		return SEQ_SKIP;
	seq_printf(m, "line %lld\n", line);
	return 0;
}

static const struct seq_operations many = {
	.start = many_start,
	.next = many_next,
	.stop = many_stop,
	.show = many_show,
};

static int big_show(struct seq_file *m, void *v)
{
	int i;

	for (i = 0; i < 3000; i++) {
		seq_put_decimal_ull(m, "number ", i);
		seq_putc(m, '\n');
	}
	return 0;
}

static struct proc_dir_entry *dir;

static int __init start(void)
{
	dir = proc_mkdir("long", NULL);
	if (!dir)
		return -ENOMEM;
	proc_create_seq("many", 0, dir, &many);
	proc_create_single("big", 0, dir, big_show);
	return 0;
}
module_init(start);

static void __exit finish(void)
{
	proc_remove(dir);
}
module_exit(finish);
MODULE_LICENSE("GPL");
