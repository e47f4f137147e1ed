//! Path lookup.
#ifndef KLOOM_LINUX_NAMEI_H
#define KLOOM_LINUX_NAMEI_H
#include <linux/fs.h>
#define LOOKUP_FOLLOW 1
int kern_path(const char *name, unsigned int flags, struct path *path); //@4s looks a path up; 0 or -errno
void path_put(const struct path *path); //@4s drops it
#endif
