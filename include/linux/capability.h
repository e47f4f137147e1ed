//! Capabilities.
#ifndef KLOOM_LINUX_CAPABILITY_H
#define KLOOM_LINUX_CAPABILITY_H
#include <linux/types.h>
typedef struct { u64 val; } kernel_cap_t;
#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_KILL 5
#define CAP_NET_ADMIN 12
#define CAP_SYS_MODULE 16
#define CAP_SYS_RAWIO 17
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
bool capable(int cap); //@4n true if current may use the capability
struct task_struct;
bool has_capability(struct task_struct *t, int cap); //@4n true if t may use the capability
#endif
