//! The node a timer is queued by.
#ifndef KLOOM_LINUX_TIMERQUEUE_H
#define KLOOM_LINUX_TIMERQUEUE_H
#include <linux/rbtree.h>
#include <linux/ktime.h>
struct timerqueue_node { struct rb_node node; ktime_t expires; };
#endif
