//! See linux/device.h.
#ifndef KLOOM_LINUX_DEVICE_DRIVER_H
#define KLOOM_LINUX_DEVICE_DRIVER_H
#include <linux/device.h>
#endif
