//! GPIO lines: the machine has none, so that a module can only include this.
#ifndef KLOOM_LINUX_GPIO_H
#define KLOOM_LINUX_GPIO_H
#include <linux/types.h>
#include <linux/errno.h>
#endif
