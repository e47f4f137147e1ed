//! Files, inodes and the operations a driver gives them.
#ifndef KLOOM_LINUX_FS_H
#define KLOOM_LINUX_FS_H
#include <linux/wait_bit.h>
#include <linux/kdev_t.h>
#include <linux/dcache.h>
#include <linux/path.h>
#include <linux/stat.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rbtree.h>
#include <linux/init.h>
#include <linux/pid.h>
#include <linux/bug.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/mm_types.h>
#include <linux/capability.h>
#include <linux/semaphore.h>
#include <linux/fcntl.h>
#include <linux/atomic.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <linux/uuid.h>
#include <linux/slab.h>
#include <linux/err.h>
#include <linux/cred.h>
#include <linux/rculist.h>
#include <linux/percpu-rwsem.h>
struct cdev;
struct kiocb;
struct iov_iter;
struct pipe_inode_info;
struct poll_table_struct;
struct seq_file;
struct vm_area_struct;
struct dir_context;
struct file_lock;
struct module;
struct file_operations;
struct address_space { struct inode *host; unsigned long nrpages; };
struct inode {
	umode_t i_mode;
	unsigned short i_opflags;
	kuid_t i_uid;
	kgid_t i_gid;
	unsigned int i_flags;
	unsigned long i_ino;
	unsigned int i_nlink;
	dev_t i_rdev;
	loff_t i_size;
	struct timespec64 i_atime;
	struct timespec64 i_mtime;
	struct timespec64 i_ctime;
	spinlock_t i_lock;
	struct rw_semaphore i_rwsem;
	struct super_block *i_sb;
	struct address_space *i_mapping;
	const struct file_operations *i_fop;
	union {
		struct pipe_inode_info *i_pipe;
		struct cdev *i_cdev;
	};
	void *i_private;
	blkcnt_t i_blocks;
	unsigned int i_blkbits;
	atomic_t i_count;
	void *kloom;
};
struct fown_struct { rwlock_t lock; struct pid *pid; enum pid_type pid_type; kuid_t uid, euid; int signum; };
struct file {
	struct path f_path;
	struct inode *f_inode;
	const struct file_operations *f_op;
	spinlock_t f_lock;
	atomic_long_t f_count;
	unsigned int f_flags;
	fmode_t f_mode;
	struct mutex f_pos_lock;
	loff_t f_pos;
	struct fown_struct f_owner;
	const struct cred *f_cred;
	void *private_data;
	struct address_space *f_mapping;
	void *kloom;
};
#define f_dentry f_path.dentry
#define f_vfsmnt f_path.mnt
typedef void *fl_owner_t;
struct file_operations {
	struct module *owner;
	loff_t (*llseek)(struct file *, loff_t, int);
	ssize_t (*read)(struct file *, char __user *, size_t, loff_t *);
	ssize_t (*write)(struct file *, const char __user *, size_t, loff_t *);
	ssize_t (*read_iter)(struct kiocb *, struct iov_iter *);
	ssize_t (*write_iter)(struct kiocb *, struct iov_iter *);
	int (*iopoll)(struct kiocb *kiocb, void *, unsigned int flags);
	int (*iterate)(struct file *, struct dir_context *);
	int (*iterate_shared)(struct file *, struct dir_context *);
	__poll_t (*poll)(struct file *, struct poll_table_struct *);
	long (*unlocked_ioctl)(struct file *, unsigned int, unsigned long);
	long (*compat_ioctl)(struct file *, unsigned int, unsigned long);
	int (*mmap)(struct file *, struct vm_area_struct *);
	unsigned long mmap_supported_flags;
	int (*open)(struct inode *, struct file *);
	int (*flush)(struct file *, fl_owner_t id);
	int (*release)(struct inode *, struct file *);
	int (*fsync)(struct file *, loff_t, loff_t, int datasync);
	int (*fasync)(int, struct file *, int);
	int (*lock)(struct file *, int, struct file_lock *);
	ssize_t (*sendpage)(struct file *, struct page *, int, size_t, loff_t *, int);
	unsigned long (*get_unmapped_area)(struct file *, unsigned long, unsigned long, unsigned long, unsigned long);
	int (*check_flags)(int);
	int (*flock)(struct file *, int, struct file_lock *);
	ssize_t (*splice_write)(struct pipe_inode_info *, struct file *, loff_t *, size_t, unsigned int);
	ssize_t (*splice_read)(struct file *, loff_t *, struct pipe_inode_info *, size_t, unsigned int);
	int (*setlease)(struct file *, long, struct file_lock **, void **);
	long (*fallocate)(struct file *file, int mode, loff_t offset, loff_t len);
	void (*show_fdinfo)(struct seq_file *m, struct file *f);
	/* Dropped from Linux in 2.6.36. */
	int (*ioctl)(struct inode *, struct file *, unsigned int, unsigned long);
};
struct fasync_struct { rwlock_t fa_lock; int magic; int fa_fd; struct fasync_struct *fa_next; struct file *fa_file; };
#define FMODE_READ 0x1u
#define FMODE_WRITE 0x2u
#define FMODE_LSEEK 0x4u
#define FMODE_PREAD 0x8u
#define FMODE_PWRITE 0x10u
#define FMODE_EXEC 0x20u
#define FMODE_NDELAY 0x40u
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_MAX 4
int register_chrdev_region(dev_t from, unsigned count, const char *name); //@4s claims device numbers; -EBUSY
int alloc_chrdev_region(dev_t *dev, unsigned baseminor, unsigned count, const char *name); //@4s claims numbers with a free major
void unregister_chrdev_region(dev_t from, unsigned count); //@4s gives them back
int __register_chrdev(unsigned int major, unsigned int baseminor, unsigned int count, const char *name, const struct file_operations *fops); //@4s claims 256 minors with a cdev; major 0: returns a free one
void __unregister_chrdev(unsigned int major, unsigned int baseminor, unsigned int count, const char *name); //@4s undoes it
#define register_chrdev(major, name, fops) __register_chrdev((major), 0, 256, (name), (fops))
#define unregister_chrdev(major, name) __unregister_chrdev((major), 0, 256, (name))
struct file *filp_open(const char *filename, int flags, umode_t mode); //@4s opens a file of the machine; ERR_PTR
int filp_close(struct file *filp, fl_owner_t id); //@4s closes it
ssize_t kernel_read(struct file *file, void *buf, size_t count, loff_t *pos); //@4s reads into a kernel buffer
ssize_t kernel_write(struct file *file, const void *buf, size_t count, loff_t *pos); //@4s writes from a kernel buffer
ssize_t vfs_read(struct file *file, char __user *buf, size_t count, loff_t *pos); //@4s reads into user memory
ssize_t vfs_write(struct file *file, const char __user *buf, size_t count, loff_t *pos); //@4s writes from user memory
int vfs_fsync(struct file *file, int datasync); //@4s writes it back
loff_t vfs_llseek(struct file *file, loff_t offset, int whence); //@4s moves the position
loff_t no_llseek(struct file *file, loff_t offset, int whence); //@4n -ESPIPE
loff_t noop_llseek(struct file *file, loff_t offset, int whence); //@4n the position unchanged
loff_t default_llseek(struct file *file, loff_t offset, int whence); //@4s by the inode's size
loff_t generic_file_llseek(struct file *file, loff_t offset, int whence); //@4s by the inode's size
loff_t fixed_size_llseek(struct file *file, loff_t offset, int whence, loff_t size); //@4s by the size given
int nonseekable_open(struct inode *inode, struct file *filp); //@4n forbids seeking; 0
int stream_open(struct inode *inode, struct file *filp); //@4n no position at all; 0
int simple_open(struct inode *inode, struct file *file); //@4gn private_data = i_private; 0
ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *ppos, const void *from, size_t available); //@2s copies the part of a buffer at *ppos to user memory and moves *ppos
ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *ppos, const void __user *from, size_t count); //@2s copies user memory into the part of a buffer at *ppos
ssize_t memory_read_from_buffer(void *to, size_t count, loff_t *ppos, const void *from, size_t available); //@4n as simple_read_from_buffer within the kernel
int fasync_helper(int fd, struct file *filp, int on, struct fasync_struct **fapp); //@4s adds or removes a file from a SIGIO list
void kill_fasync(struct fasync_struct **fp, int sig, int band); //@4a sends the signal to the list
void fput(struct file *file); //@4a drops a reference to a file
struct file *fget(unsigned int fd); //@4s the file of current's descriptor with a reference, or NULL
char *file_path(struct file *file, char *buf, int buflen); //@4s its path at the end of buf
struct timespec64 current_time(struct inode *inode); //@4n time for inode stamps
static inline struct inode *file_inode(const struct file *f) { return f->f_inode; }
static inline struct dentry *file_dentry(const struct file *f) { return f->f_path.dentry; }
static inline unsigned iminor(const struct inode *inode) { return MINOR(inode->i_rdev); }
static inline unsigned imajor(const struct inode *inode) { return MAJOR(inode->i_rdev); }
static inline struct file *get_file(struct file *f) { atomic_long_inc(&f->f_count); return f; }
static inline loff_t i_size_read(const struct inode *inode) { return inode->i_size; }
static inline void i_size_write(struct inode *inode, loff_t size) { inode->i_size = size; }
static inline void inode_lock(struct inode *inode) { down_write(&inode->i_rwsem); }
static inline void inode_unlock(struct inode *inode) { up_write(&inode->i_rwsem); }
struct super_block { unsigned long s_magic; void *s_fs_info; };
struct kiocb { struct file *ki_filp; loff_t ki_pos; void *private; int ki_flags; };
#define fops_get(fops) (((fops) && try_module_get((fops)->owner) ? (fops) : NULL))
#define fops_put(fops) do { if (fops) module_put((fops)->owner); } while (0)
#define replace_fops(f, fops) do { (f)->f_op = (fops); } while (0)
#define getname(x) (x)
#include <linux/uaccess.h>
/* Not from the wrong header (see the end of linux/sched.h). */
#undef signal_pending
#undef allow_signal
#endif
