//! Block devices: the machine has none, so that a module can only include this.
#ifndef KLOOM_LINUX_BLKDEV_H
#define KLOOM_LINUX_BLKDEV_H
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/workqueue.h>
#endif
