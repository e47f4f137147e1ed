//! Tables of open files.
#ifndef KLOOM_LINUX_FDTABLE_H
#define KLOOM_LINUX_FDTABLE_H
#include <linux/fs.h>
struct fdtable { unsigned int max_fds; struct file **fd; unsigned long *open_fds; };
struct files_struct { atomic_t count; struct fdtable *fdt; struct fdtable fdtab; spinlock_t file_lock; unsigned int next_fd; struct file *fd_array[64]; };
#define files_fdtable(files) ((files)->fdt)
#endif
