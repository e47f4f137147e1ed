//! Names of the system.
#ifndef KLOOM_LINUX_UTSNAME_H
#define KLOOM_LINUX_UTSNAME_H
#include <linux/sched.h>
struct new_utsname { char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65]; };
struct new_utsname *kloom_utsname(void); //@4n what uname prints
#define utsname() kloom_utsname()
#define init_utsname() kloom_utsname()
#endif
