//! Sequential text files.
#ifndef KLOOM_LINUX_SEQ_FILE_H
#define KLOOM_LINUX_SEQ_FILE_H
#include <linux/types.h>
#include <linux/string.h>
#include <linux/bug.h>
#include <linux/mutex.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
struct seq_operations;
struct seq_file {
	char *buf;
	size_t size;
	size_t from;
	size_t count;
	size_t pad_until;
	loff_t index;
	loff_t read_pos;
	struct mutex lock;
	const struct seq_operations *op;
	int poll_event;
	const struct file *file;
	void *private;
	u64 version; /* dropped in 5.5 */
};
struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};
#define SEQ_SKIP 1
#define SEQ_START_TOKEN ((void *)1)
int seq_open(struct file *file, const struct seq_operations *op); //@2s attaches an iterator to a file
void *__seq_open_private(struct file *f, const struct seq_operations *ops, int psize); //@4s seq_open with psize bytes at private
int seq_open_private(struct file *filp, const struct seq_operations *ops, int psize); //@4s as __seq_open_private; 0 or -ENOMEM
int single_open(struct file *file, int (*show)(struct seq_file *, void *), void *data); //@2s attaches one show function; data becomes private
int single_open_size(struct file *file, int (*show)(struct seq_file *, void *), void *data, size_t size); //@4s as single_open with a buffer size
int single_release(struct inode *inode, struct file *file); //@2s ends single_open
int seq_release(struct inode *inode, struct file *file); //@2s ends seq_open
int seq_release_private(struct inode *inode, struct file *file); //@4s ends seq_open_private
ssize_t seq_read(struct file *file, char __user *buf, size_t size, loff_t *ppos); //@2s reads
ssize_t seq_read_iter(struct kiocb *iocb, struct iov_iter *iter); //@4s reads
loff_t seq_lseek(struct file *file, loff_t offset, int whence); //@2s seeks by reading again
__printf(2, 3) void seq_printf(struct seq_file *m, const char *fmt, ...); //@2n formats into the buffer; overflow makes it larger and starts again
__printf(2, 0) void seq_vprintf(struct seq_file *m, const char *fmt, va_list args); //@2n seq_printf with a va_list
void seq_puts(struct seq_file *m, const char *s); //@2n appends a string
void seq_putc(struct seq_file *m, char c); //@2n appends a character
int seq_write(struct seq_file *m, const void *data, size_t len); //@2n appends bytes; 0 or -1
void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, unsigned long long num); //@4n appends a delimiter and a number
void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, long long num); //@4n appends a delimiter and a number
void seq_escape(struct seq_file *m, const char *s, const char *esc); //@4n appends with characters of esc in octal
void seq_pad(struct seq_file *m, char c); //@4n pads to the width set by seq_setwidth
int seq_path(struct seq_file *m, const struct path *path, const char *esc); //@4n appends a path
void seq_hex_dump(struct seq_file *m, const char *prefix, int type, int rowsize, int groupsize, const void *buf, size_t len, bool ascii); //@4n appends a hex dump
struct list_head *seq_list_start(struct list_head *head, loff_t pos); //@2n the pos-th entry or NULL
struct list_head *seq_list_start_head(struct list_head *head, loff_t pos); //@2n as seq_list_start, the head counts as first
struct list_head *seq_list_next(void *v, struct list_head *head, loff_t *ppos); //@2n the next entry or NULL
struct hlist_node *seq_hlist_start(struct hlist_head *head, loff_t pos); //@4n the pos-th entry or NULL
struct hlist_node *seq_hlist_next(void *v, struct hlist_head *head, loff_t *ppos); //@4n the next entry or NULL
static inline bool seq_has_overflowed(struct seq_file *m) { return m->count == m->size; }
static inline void seq_setwidth(struct seq_file *m, size_t size) { m->pad_until = m->count + size; }
#define DEFINE_SHOW_ATTRIBUTE(__name) \
static int __name##_open(struct inode *inode, struct file *file) { return single_open(file, __name##_show, inode->i_private); } \
static const struct file_operations __name##_fops = { .owner = THIS_MODULE, .open = __name##_open, .read = seq_read, .llseek = seq_lseek, .release = single_release }
#define DEFINE_PROC_SHOW_ATTRIBUTE(__name) \
static int __name##_open(struct inode *inode, struct file *file) { return single_open(file, __name##_show, pde_data(inode)); } \
static const struct proc_ops __name##_proc_ops = { .proc_open = __name##_open, .proc_read = seq_read, .proc_lseek = seq_lseek, .proc_release = single_release }
#define DEFINE_SEQ_ATTRIBUTE(__name) \
static int __name##_open(struct inode *inode, struct file *file) { int ret = seq_open(file, &__name##_sops); if (!ret && inode->i_private) ((struct seq_file *)file->private_data)->private = inode->i_private; return ret; } \
static const struct file_operations __name##_fops = { .owner = THIS_MODULE, .open = __name##_open, .read = seq_read, .llseek = seq_lseek, .release = seq_release }
#endif
