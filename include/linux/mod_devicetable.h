//! Tables of device ids.
#ifndef KLOOM_LINUX_MOD_DEVICETABLE_H
#define KLOOM_LINUX_MOD_DEVICETABLE_H
#include <linux/types.h>
struct platform_device_id { char name[24]; unsigned long driver_data; };
#endif
