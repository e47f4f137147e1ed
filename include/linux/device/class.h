//! See linux/device.h.
#ifndef KLOOM_LINUX_DEVICE_CLASS_H
#define KLOOM_LINUX_DEVICE_CLASS_H
#include <linux/device.h>
#endif
