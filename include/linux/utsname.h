//! Names of the system.
#ifndef KLOOM_LINUX_UTSNAME_H
#define KLOOM_LINUX_UTSNAME_H
#include <linux/sched.h>
struct new_utsname { char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65]; };
struct uts_namespace { struct new_utsname name; };
extern struct uts_namespace init_uts_ns; //@4gn what uname prints
#define utsname() (&init_uts_ns.name)
#define init_utsname() (&init_uts_ns.name)
#define system_utsname init_uts_ns.name
#endif
