//! User mode helpers.
#ifndef KLOOM_LINUX_UMH_H
#define KLOOM_LINUX_UMH_H
#include <linux/types.h>
#define UMH_NO_WAIT 0
#define UMH_WAIT_EXEC 1
#define UMH_WAIT_PROC 2
#define UMH_KILLABLE 4
int call_usermodehelper(const char *path, char **argv, char **envp, int wait); //@4s runs a user program; -ENOENT when there is none
#endif
