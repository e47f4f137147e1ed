//! The one pid namespace.
#ifndef KLOOM_LINUX_PID_NAMESPACE_H
#define KLOOM_LINUX_PID_NAMESPACE_H
#include <linux/pid.h>
extern struct pid_namespace init_pid_ns;
struct pid_namespace *task_active_pid_ns(struct task_struct *tsk); //@4gn the pid namespace of a task
#endif
