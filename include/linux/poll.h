//! poll() and select().
#ifndef KLOOM_LINUX_POLL_H
#define KLOOM_LINUX_POLL_H
#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/wait.h>
#include <linux/string.h>
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <uapi/linux/poll.h>
struct poll_table_struct;
typedef void (*poll_queue_proc)(struct file *, wait_queue_head_t *, struct poll_table_struct *);
typedef struct poll_table_struct { poll_queue_proc _qproc; __poll_t _key; } poll_table;
void kloom_poll_wait(struct file *filp, struct wait_queue_head *q, struct poll_table_struct *p); //@4n makes the poll() in progress wait on this queue too; p may be NULL
#define poll_wait(filp, q, p) kloom_poll_wait((filp), (q), (p))
#define poll_requested_events(p) ((p) ? (p)->_key : ~(__poll_t)0)
#endif
