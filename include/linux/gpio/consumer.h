//! GPIO lines: the machine has none, so that a module can only include this.
#ifndef KLOOM_LINUX_GPIO_CONSUMER_H
#define KLOOM_LINUX_GPIO_CONSUMER_H
#include <linux/types.h>
#include <linux/err.h>
#endif
