//! See linux/device.h.
#ifndef KLOOM_LINUX_DEVICE_BUS_H
#define KLOOM_LINUX_DEVICE_BUS_H
#include <linux/device.h>
#endif
