//! Definitions of system calls. One that a module defines is called from the console: `syscall NAME arguments`.
#ifndef KLOOM_LINUX_SYSCALLS_H
#define KLOOM_LINUX_SYSCALLS_H
#include <linux/types.h>
#include <linux/linkage.h>
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>
#define SYSCALL_DEFINE0(name) asmlinkage long sys_##name(void); asmlinkage long sys_##name(void)
#define __kloom_syscall(name, ...) asmlinkage long sys_##name(__VA_ARGS__); asmlinkage long sys_##name(__VA_ARGS__)
#define SYSCALL_DEFINE1(name, t1, a1) __kloom_syscall(name, t1 a1)
#define SYSCALL_DEFINE2(name, t1, a1, t2, a2) __kloom_syscall(name, t1 a1, t2 a2)
#define SYSCALL_DEFINE3(name, t1, a1, t2, a2, t3, a3) __kloom_syscall(name, t1 a1, t2 a2, t3 a3)
#define SYSCALL_DEFINE4(name, t1, a1, t2, a2, t3, a3, t4, a4) __kloom_syscall(name, t1 a1, t2 a2, t3 a3, t4 a4)
#endif
