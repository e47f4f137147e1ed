//! System calls cannot be defined; declarations only.
#ifndef KLOOM_LINUX_SYSCALLS_H
#define KLOOM_LINUX_SYSCALLS_H
#include <linux/types.h>
#include <linux/fs.h>
#include <asm/unistd.h>
#endif
