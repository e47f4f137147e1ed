/* proc_create() as it was before 5.6: the operations of a /proc file were a struct file_operations. */
#include <linux/fs.h>
static inline __maybe_unused struct proc_dir_entry *
kloom_proc_create_data(const char *name, umode_t mode, struct proc_dir_entry *parent,
		       const struct file_operations *from, void *data)
{
	struct proc_ops *ops = kzalloc(sizeof(*ops), GFP_KERNEL);

	if (!ops)
		return NULL;
	ops->proc_open = from->open;
	ops->proc_read = from->read;
	ops->proc_read_iter = from->read_iter;
	ops->proc_write = from->write;
	ops->proc_lseek = from->llseek ? from->llseek : default_llseek;
	ops->proc_release = from->release;
	ops->proc_poll = from->poll;
	ops->proc_ioctl = from->unlocked_ioctl;
	ops->proc_mmap = from->mmap;
	return proc_create_data(name, mode, parent, ops, data);
}
#define proc_create_data(name, mode, parent, fops, data) \
	kloom_proc_create_data(name, mode, parent, fops, data)
#define proc_create(name, mode, parent, fops) kloom_proc_create_data(name, mode, parent, fops, NULL)
