//! The one user namespace.
#ifndef KLOOM_LINUX_USER_NAMESPACE_H
#define KLOOM_LINUX_USER_NAMESPACE_H
#include <linux/uidgid.h>
extern struct user_namespace init_user_ns; //@4n the initial user namespace
#endif
