//! Files under /sys/kernel/debug.
#ifndef KLOOM_LINUX_DEBUGFS_H
#define KLOOM_LINUX_DEBUGFS_H
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include <linux/compiler.h>
struct debugfs_blob_wrapper { void *data; unsigned long size; };
struct debugfs_reg32 { char *name; unsigned long offset; };
struct dentry *debugfs_create_dir(const char *name, struct dentry *parent); //@4gs a directory; ERR_PTR
struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent, void *data, const struct file_operations *fops); //@4gs a file; data becomes i_private
struct dentry *debugfs_create_file_unsafe(const char *name, umode_t mode, struct dentry *parent, void *data, const struct file_operations *fops); //@4gs as debugfs_create_file
struct dentry *debugfs_create_symlink(const char *name, struct dentry *parent, const char *dest); //@4gs a link
void debugfs_remove(struct dentry *dentry); //@4gs removes it and all below; NULL and ERR_PTR allowed
struct dentry *debugfs_lookup(const char *name, struct dentry *parent); //@4gs finds one
void debugfs_create_u8(const char *name, umode_t mode, struct dentry *parent, u8 *value); //@4gs a number as a file
void debugfs_create_u16(const char *name, umode_t mode, struct dentry *parent, u16 *value); //@4gs a number as a file
void kloom_debugfs_create_u32(const char *name, umode_t mode, struct dentry *parent, u32 *value); //@4gs a number as a file
void debugfs_create_u64(const char *name, umode_t mode, struct dentry *parent, u64 *value); //@4gs a number as a file
void debugfs_create_ulong(const char *name, umode_t mode, struct dentry *parent, unsigned long *value); //@4gs a number as a file
void debugfs_create_x8(const char *name, umode_t mode, struct dentry *parent, u8 *value); //@4gs a number in hex as a file
void debugfs_create_x16(const char *name, umode_t mode, struct dentry *parent, u16 *value); //@4gs a number in hex as a file
void debugfs_create_x32(const char *name, umode_t mode, struct dentry *parent, u32 *value); //@4gs a number in hex as a file
void debugfs_create_x64(const char *name, umode_t mode, struct dentry *parent, u64 *value); //@4gs a number in hex as a file
void debugfs_create_size_t(const char *name, umode_t mode, struct dentry *parent, size_t *value); //@4gs a number as a file
void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent, atomic_t *value); //@4gs a number as a file
void debugfs_create_bool(const char *name, umode_t mode, struct dentry *parent, bool *value); //@4gs Y or N as a file
void debugfs_create_str(const char *name, umode_t mode, struct dentry *parent, char **value); //@4gs a string as a file
struct dentry *debugfs_create_blob(const char *name, umode_t mode, struct dentry *parent, struct debugfs_blob_wrapper *blob); //@4gs bytes as a file
bool debugfs_initialized(void); //@4gn true
int simple_attr_open(struct inode *inode, struct file *file, int (*get)(void *, u64 *), int (*set)(void *, u64), const char *fmt); //@4gs attaches a number with get and set
int simple_attr_release(struct inode *inode, struct file *file); //@4gs ends it
ssize_t simple_attr_read(struct file *file, char __user *buf, size_t len, loff_t *ppos); //@4gs reads the number
ssize_t simple_attr_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos); //@4gs writes the number
#define debugfs_create_u32(n, m, p, v) kloom_debugfs_create_u32((n), (m), (p), (v))
#define debugfs_remove_recursive(d) debugfs_remove(d)
#define __kloom_simple_attr(__fops, __get, __set, __fmt) \
static int __fops##_open(struct inode *inode, struct file *file) { return simple_attr_open(inode, file, __get, __set, __fmt); } \
static const struct file_operations __fops = { .owner = THIS_MODULE, .open = __fops##_open, .release = simple_attr_release, .read = simple_attr_read, .write = simple_attr_write, .llseek = generic_file_llseek }
#define DEFINE_SIMPLE_ATTRIBUTE(f, g, s, fmt) __kloom_simple_attr(f, g, s, fmt)
#define DEFINE_DEBUGFS_ATTRIBUTE(f, g, s, fmt) __kloom_simple_attr(f, g, s, fmt)
#endif
