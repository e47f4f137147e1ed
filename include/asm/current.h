//! The running task.
#ifndef KLOOM_ASM_CURRENT_H
#define KLOOM_ASM_CURRENT_H
#include <linux/compiler.h>
struct task_struct;
struct task_struct *kloom_current(void) __attribute_const__; //@2n the running task
#define get_current() kloom_current()
#define current get_current()
#endif
