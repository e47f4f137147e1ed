//! Character devices.
#ifndef KLOOM_LINUX_CDEV_H
#define KLOOM_LINUX_CDEV_H
#include <linux/kobject.h>
#include <linux/kdev_t.h>
#include <linux/list.h>
#include <linux/device.h>
struct file_operations;
struct cdev {
	struct kobject kobj;
	struct module *owner;
	const struct file_operations *ops;
	struct list_head list;
	dev_t dev;
	unsigned int count;
};
void cdev_init(struct cdev *cdev, const struct file_operations *fops); //@4n zeroes it and sets ops
struct cdev *cdev_alloc(void); //@4s a cdev of its own memory; NULL
int cdev_add(struct cdev *p, dev_t dev, unsigned count); //@4s makes it live
void cdev_del(struct cdev *p); //@4s removes it; open files go on
void cdev_set_parent(struct cdev *p, struct kobject *kobj); //@4n keeps kobj alive with it
int cdev_device_add(struct cdev *cdev, struct device *dev); //@4s cdev_add and device_add
void cdev_device_del(struct cdev *cdev, struct device *dev); //@4s undoes it
#endif
