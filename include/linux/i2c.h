//! I2C devices: the machine has no such bus, so that a module can only include this.
#ifndef KLOOM_LINUX_I2C_H
#define KLOOM_LINUX_I2C_H
#include <linux/device.h>
#include <linux/mod_devicetable.h>
#endif
