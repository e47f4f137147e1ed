//! A place in the tree of files.
#ifndef KLOOM_LINUX_PATH_H
#define KLOOM_LINUX_PATH_H
struct dentry;
struct vfsmount;
struct path { struct vfsmount *mnt; struct dentry *dentry; };
#endif
