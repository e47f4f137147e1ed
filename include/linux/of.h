//! Device trees: the machine has none, so that a module can only include this.
#ifndef KLOOM_LINUX_OF_H
#define KLOOM_LINUX_OF_H
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/kobject.h>
#include <linux/mod_devicetable.h>
#endif
