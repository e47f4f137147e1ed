//! Devices of major 10.
#ifndef KLOOM_LINUX_MISCDEVICE_H
#define KLOOM_LINUX_MISCDEVICE_H
#include <linux/major.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/device.h>
#define MISC_DYNAMIC_MINOR 255
#define WATCHDOG_MINOR 130
struct attribute_group;
struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	struct list_head list;
	struct device *parent;
	struct device *this_device;
	const struct attribute_group **groups;
	const char *nodename;
	umode_t mode;
};
int misc_register(struct miscdevice *misc); //@4s adds /dev/name; open sets private_data to misc; -EBUSY
void misc_deregister(struct miscdevice *misc); //@4s removes it
#define module_misc_device(m) module_driver(m, misc_register, misc_deregister)
#endif
