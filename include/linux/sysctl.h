//! Files under /proc/sys.
#ifndef KLOOM_LINUX_SYSCTL_H
#define KLOOM_LINUX_SYSCTL_H
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>
#include <linux/rbtree.h>
#include <linux/uidgid.h>
struct ctl_table;
struct ctl_table_header;
typedef int proc_handler(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos);
struct ctl_table {
	const char *procname;
	void *data;
	int maxlen;
	umode_t mode;
	struct ctl_table *child;
	proc_handler *proc_handler;
	void *poll;
	void *extra1;
	void *extra2;
};
struct ctl_path { const char *procname; };
struct ctl_table_header *register_sysctl(const char *path, struct ctl_table *table); //@4s adds the files of a table (ended by an empty entry); NULL
struct ctl_table_header *register_sysctl_table(struct ctl_table *table); //@4s removed in 6.6: as register_sysctl with directories as child tables
void unregister_sysctl_table(struct ctl_table_header *table); //@4s removes them
int proc_dostring(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s handles a string
int proc_dobool(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s handles a bool
int proc_dointvec(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s handles ints
int proc_douintvec(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s handles unsigned ints
int proc_dointvec_minmax(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s ints between *extra1 and *extra2
int proc_douintvec_minmax(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s unsigned ints between *extra1 and *extra2
int proc_dointvec_jiffies(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s seconds kept as jiffies
int proc_dointvec_ms_jiffies(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s milliseconds kept as jiffies
int proc_doulongvec_minmax(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos); //@4s unsigned longs between bounds
extern const int sysctl_vals[]; //@4n 0, 1, 2, 3, 4, 100, 200, 1000, 3000, INT_MAX, 65535, -1
#define SYSCTL_ZERO ((void *)&sysctl_vals[0])
#define SYSCTL_ONE ((void *)&sysctl_vals[1])
#define SYSCTL_TWO ((void *)&sysctl_vals[2])
#define SYSCTL_INT_MAX ((void *)&sysctl_vals[9])
#endif
