//! Frame buffers: the machine has no screen, so that a module can only include this.
#ifndef KLOOM_LINUX_FB_H
#define KLOOM_LINUX_FB_H
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/notifier.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/io.h>
#endif
