//! Names of files.
#ifndef KLOOM_LINUX_DCACHE_H
#define KLOOM_LINUX_DCACHE_H
#include <linux/types.h>
#include <linux/list.h>
#include <linux/spinlock_types.h>
struct inode;
struct vfsmount;
struct path;
struct qstr { union { struct { u32 hash; u32 len; }; u64 hash_len; }; const unsigned char *name; };
#define DNAME_INLINE_LEN 32
struct dentry {
	unsigned int d_flags;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	unsigned char d_iname[DNAME_INLINE_LEN];
	void *d_fsdata;
	void *kloom;
};
char *d_path(const struct path *path, char *buf, int buflen); //@4s a path's text at the end of buf
char *dentry_path_raw(const struct dentry *dentry, char *buf, int buflen); //@4s a path within its file system
static inline struct inode *d_inode(const struct dentry *dentry) { return dentry->d_inode; }
#endif
