//! Mounts.
#ifndef KLOOM_LINUX_MOUNT_H
#define KLOOM_LINUX_MOUNT_H
struct vfsmount;
#endif
