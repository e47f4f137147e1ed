/* Calls that Linux dropped between 2.6.20 and 5.18: each works, with one note that names the replacement */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/init.h>
#include <linux/sched.h>
#include <linux/timer.h>
#include <linux/time.h>
#include <linux/fs.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/completion.h>
#include <asm/uaccess.h>

static struct timer_list first, second;
static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_COMPLETION(gone);
static struct work_struct work;
static int stop;

static void tick(unsigned long data)
{
	printk(KERN_INFO "tick %lu\n", data);
	wake_up(&queue);
}

static void later(void *data)
{
	printk(KERN_INFO "work %s\n", (char *)data);
}

static int loop(void *unused)
{
	daemonize("old_thread");
	allow_signal(SIGKILL);
	interruptible_sleep_on(&queue);
	printk(KERN_INFO "woken\n");
	while (!stop && !signal_pending(current))
		interruptible_sleep_on_timeout(&queue, HZ);
	complete_and_exit(&gone, 0);
}

static int read_proc(char *page, char **start, off_t off, int count, int *eof, void *data)
{
	*eof = 1;
	return sprintf(page, "hello from %s\n", (char *)data);
}

static int write_proc(struct file *file, const char __user *buffer, unsigned long count, void *data)
{
	char text[16] = "";

	if (copy_from_user(text, buffer, min(count, sizeof(text) - 1)))
		return -EFAULT;
	printk(KERN_INFO "%s got %s", (char *)data, text);
	return count;
}

static int show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "%s\n", (char *)seq->private);
	return 0;
}

static int open_proc(struct inode *inode, struct file *file)
{
	return single_open(file, show, PDE_DATA(inode));
}

static const struct file_operations fops = {
	.owner = THIS_MODULE, .open = open_proc, .read = seq_read, .llseek = seq_lseek, .release = single_release,
};

static void times(void)
{
	struct timeval tv;
	struct timespec ts = current_kernel_time(), now;

	do_gettimeofday(&tv);
	getnstimeofday(&now);
	printk(KERN_INFO "%d\n", tv.tv_sec == ts.tv_sec && now.tv_sec == tv.tv_sec && get_seconds() == tv.tv_sec);
}

static void file(void)
{
	mm_segment_t old = get_fs();
	struct file *file;
	char text[8] = "";
	loff_t pos = 0;

	set_fs(KERNEL_DS);
	file = filp_open("/tmp/x", O_RDWR | O_CREAT, 0644);
	if (!IS_ERR(file)) {
		vfs_write(file, "abc", 3, &pos);
		pos = 0;
		vfs_read(file, text, 3, &pos);
		filp_close(file, NULL);
	}
	set_fs(old);
	strlcpy(text + 3, text, 3);
	printk(KERN_INFO "%s\n", text);
}

int init_module(void)
{
	struct proc_dir_entry *entry;

	times();
	file();
	init_timer(&first);
	first.function = tick;
	first.data = 1;
	first.expires = jiffies + HZ;
	add_timer(&first);
	setup_timer(&second, tick, 2);
	mod_timer(&second, jiffies + 2 * HZ);
	INIT_WORK(&work, later, "one");
	schedule_work(&work);
	entry = create_proc_entry("old_entry", 0644, NULL);
	entry->read_proc = read_proc;
	entry->write_proc = write_proc;
	entry->data = "old_entry";
	create_proc_read_entry("old_read", 0, NULL, read_proc, "old_read");
	proc_create_data("old_fops", 0, NULL, &fops, "old_fops");
	kernel_thread(loop, NULL, CLONE_FS | CLONE_FILES | CLONE_SIGHAND);
	return 0;
}

void cleanup_module(void)
{
	stop = 1;
	wake_up(&queue);
	wait_for_completion(&gone);
	del_timer_sync(&first);
	del_timer_sync(&second);
	flush_scheduled_work();
	remove_proc_entry("old_entry", NULL);
	remove_proc_entry("old_read", NULL);
	remove_proc_entry("old_fops", NULL);
}
MODULE_LICENSE("GPL");
