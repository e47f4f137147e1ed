//! Terminals: the console is the scenario's own, so that a module can only include this.
#ifndef KLOOM_LINUX_TTY_H
#define KLOOM_LINUX_TTY_H
#include <linux/fs.h>
#include <linux/workqueue.h>
#include <linux/mutex.h>
#endif
