//! Files under /proc.
#ifndef KLOOM_LINUX_PROC_FS_H
#define KLOOM_LINUX_PROC_FS_H
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/fs.h>
struct proc_dir_entry;
struct seq_file;
struct seq_operations;
enum { PROC_ENTRY_PERMANENT = 1 << 0 };
struct proc_ops {
	unsigned int proc_flags;
	int (*proc_open)(struct inode *, struct file *);
	ssize_t (*proc_read)(struct file *, char __user *, size_t, loff_t *);
	ssize_t (*proc_read_iter)(struct kiocb *, struct iov_iter *);
	ssize_t (*proc_write)(struct file *, const char __user *, size_t, loff_t *);
	loff_t (*proc_lseek)(struct file *, loff_t, int);
	int (*proc_release)(struct inode *, struct file *);
	__poll_t (*proc_poll)(struct file *, struct poll_table_struct *);
	long (*proc_ioctl)(struct file *, unsigned int, unsigned long);
	long (*proc_compat_ioctl)(struct file *, unsigned int, unsigned long);
	int (*proc_mmap)(struct file *, struct vm_area_struct *);
	unsigned long (*proc_get_unmapped_area)(struct file *, unsigned long, unsigned long, unsigned long, unsigned long);
};
typedef int (read_proc_t)(char *page, char **start, off_t off, int count, int *eof, void *data);
typedef int (write_proc_t)(struct file *file, const char __user *buffer, unsigned long count, void *data);
/* Visible for modules of the years before 3.10, which fill in read_proc, write_proc and data themselves. */
struct proc_dir_entry {
	const char *name;
	umode_t mode;
	unsigned short namelen;
	uid_t uid;
	gid_t gid;
	loff_t size;
	const struct file_operations *proc_fops;
	struct proc_dir_entry *parent;
	void *data;
	read_proc_t *read_proc;
	write_proc_t *write_proc;
	struct module *owner;
	void *kloom;
};
struct proc_dir_entry *kloom_proc_create(const char *name, umode_t mode, struct proc_dir_entry *parent, const struct proc_ops *ops, void *data); //@2s adds a file (mode 0: 0444); name may hold directories; NULL on failure (proc_create and proc_create_data)
struct proc_dir_entry *kloom_proc_create_fops(const char *name, umode_t mode, struct proc_dir_entry *parent, const struct file_operations *fops, void *data); //@2s the same with file_operations, as before 5.6; notes proc_ops
struct proc_dir_entry *proc_create_single_data(const char *name, umode_t mode, struct proc_dir_entry *parent, int (*show)(struct seq_file *, void *), void *data); //@2s a read-only file printed by show
struct proc_dir_entry *proc_create_seq_private(const char *name, umode_t mode, struct proc_dir_entry *parent, const struct seq_operations *ops, unsigned int state_size, void *data); //@2s a read-only file printed by an iterator
struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent); //@2s adds a directory; NULL
struct proc_dir_entry *proc_mkdir_mode(const char *name, umode_t mode, struct proc_dir_entry *parent); //@4s adds a directory with a mode
struct proc_dir_entry *proc_mkdir_data(const char *name, umode_t mode, struct proc_dir_entry *parent, void *data); //@4gs adds a directory with data
struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent, const char *dest); //@4s adds a link
void proc_remove(struct proc_dir_entry *de); //@2s removes an entry and all below it; NULL allowed; waits for running calls
void remove_proc_entry(const char *name, struct proc_dir_entry *parent); //@2s removes by name; warns when there is none
int remove_proc_subtree(const char *name, struct proc_dir_entry *parent); //@2s removes by name with all below it; -ENOENT
void *pde_data(const struct inode *inode); //@2n the data given at creation
void proc_set_size(struct proc_dir_entry *de, loff_t size); //@2n sets the size shown
void proc_set_user(struct proc_dir_entry *de, kuid_t uid, kgid_t gid); //@2n sets the owner shown
struct proc_dir_entry *create_proc_entry(const char *name, umode_t mode, struct proc_dir_entry *parent); //@4s removed in 3.10: adds a file whose read_proc, write_proc or proc_fops are set afterwards; notes proc_create
struct proc_dir_entry *create_proc_read_entry(const char *name, umode_t mode, struct proc_dir_entry *base, read_proc_t *read_proc, void *data); //@4s removed in 3.10: adds a file read by read_proc; notes it
#define __kloom_proc_create(name, mode, parent, ops, data) _Generic((ops), \
	const struct file_operations *: kloom_proc_create_fops, struct file_operations *: kloom_proc_create_fops, \
	default: kloom_proc_create)(name, mode, parent, (void *)(ops), data)
#define proc_create(name, mode, parent, ops) __kloom_proc_create(name, mode, parent, ops, NULL)
#define proc_create_data(name, mode, parent, ops, data) __kloom_proc_create(name, mode, parent, ops, data)
#define proc_create_single(name, mode, parent, show) proc_create_single_data(name, mode, parent, show, NULL)
#define proc_create_seq_data(name, mode, parent, ops, data) proc_create_seq_private(name, mode, parent, ops, 0, data)
#define proc_create_seq(name, mode, parent, ops) proc_create_seq_private(name, mode, parent, ops, 0, NULL)
#define PDE_DATA(inode) KLOOM_REMOVED("kloom-removed:PDE_DATA()|5.17|pde_data()") pde_data(inode)
#define PDE(inode) ((struct proc_dir_entry *)(inode)->kloom)
#define proc_root_dir NULL
#endif
