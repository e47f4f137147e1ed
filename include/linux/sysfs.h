//! Attributes: files of sysfs.
#ifndef KLOOM_LINUX_SYSFS_H
#define KLOOM_LINUX_SYSFS_H
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/stringify.h>
#include <linux/stat.h>
#include <linux/atomic.h>
struct kobject;
struct module;
struct file;
struct attribute { const char *name; umode_t mode; };
struct bin_attribute {
	struct attribute attr;
	size_t size;
	void *private;
	ssize_t (*read)(struct file *, struct kobject *, struct bin_attribute *, char *, loff_t, size_t);
	ssize_t (*write)(struct file *, struct kobject *, struct bin_attribute *, char *, loff_t, size_t);
};
struct attribute_group {
	const char *name;
	umode_t (*is_visible)(struct kobject *, struct attribute *, int);
	umode_t (*is_bin_visible)(struct kobject *, struct bin_attribute *, int);
	struct attribute **attrs;
	struct bin_attribute **bin_attrs;
};
struct sysfs_ops {
	ssize_t (*show)(struct kobject *, struct attribute *, char *);
	ssize_t (*store)(struct kobject *, struct attribute *, const char *, size_t);
};
#define __ATTR(_name, _mode, _show, _store) { .attr = { .name = __stringify(_name), .mode = VERIFY_OCTAL_PERMISSIONS(_mode) }, .show = _show, .store = _store }
#define __ATTR_RO(_name) { .attr = { .name = __stringify(_name), .mode = 0444 }, .show = _name##_show }
#define __ATTR_RO_MODE(_name, _mode) { .attr = { .name = __stringify(_name), .mode = (_mode) }, .show = _name##_show }
#define __ATTR_RW_MODE(_name, _mode) { .attr = { .name = __stringify(_name), .mode = (_mode) }, .show = _name##_show, .store = _name##_store }
#define __ATTR_WO(_name) { .attr = { .name = __stringify(_name), .mode = 0200 }, .store = _name##_store }
#define __ATTR_RW(_name) __ATTR(_name, 0644, _name##_show, _name##_store)
#define __ATTR_NULL { .attr = { .name = NULL } }
#define __ATTRIBUTE_GROUPS(_name) static const struct attribute_group *_name##_groups[] = { &_name##_group, NULL }
#define ATTRIBUTE_GROUPS(_name) static const struct attribute_group _name##_group = { .attrs = _name##_attrs }; __ATTRIBUTE_GROUPS(_name)
#define sysfs_attr_init(attr) do { } while (0)
#define sysfs_bin_attr_init(attr) do { } while (0)
int sysfs_create_file_ns(struct kobject *kobj, const struct attribute *attr, const void *ns); //@4gs adds a file; -EEXIST
void sysfs_remove_file_ns(struct kobject *kobj, const struct attribute *attr, const void *ns); //@4gs removes it
int sysfs_create_files(struct kobject *kobj, const struct attribute *const *attr); //@4gs adds a NULL-ended list
void sysfs_remove_files(struct kobject *kobj, const struct attribute *const *attr); //@4gs removes it
int sysfs_create_group(struct kobject *kobj, const struct attribute_group *grp); //@4gs adds a group
int sysfs_merge_group(struct kobject *kobj, const struct attribute_group *grp); //@4gs adds files to the directory of a group
void sysfs_unmerge_group(struct kobject *kobj, const struct attribute_group *grp); //@4gs takes them out again
int sysfs_create_groups(struct kobject *kobj, const struct attribute_group **groups); //@4gs adds groups
void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *grp); //@4gs removes a group
void sysfs_remove_groups(struct kobject *kobj, const struct attribute_group **groups); //@4gs removes groups
int sysfs_create_bin_file(struct kobject *kobj, const struct bin_attribute *attr); //@4gs adds a binary file
void sysfs_remove_bin_file(struct kobject *kobj, const struct bin_attribute *attr); //@4gs removes it
int sysfs_create_link(struct kobject *kobj, struct kobject *target, const char *name); //@4gs adds a link
void sysfs_remove_link(struct kobject *kobj, const char *name); //@4gs removes it
int sysfs_chmod_file(struct kobject *kobj, const struct attribute *attr, umode_t mode); //@4gs changes the mode
void sysfs_notify(struct kobject *kobj, const char *dir, const char *attr); //@4gs wakes pollers of a file
__printf(2, 3) int sysfs_emit(char *buf, const char *fmt, ...); //@4gn formats into the page given to show()
__printf(3, 4) int sysfs_emit_at(char *buf, int at, const char *fmt, ...); //@4gn as sysfs_emit, from an offset
#define sysfs_create_file(kobj, attr) sysfs_create_file_ns((kobj), (attr), NULL)
#define sysfs_remove_file(kobj, attr) sysfs_remove_file_ns((kobj), (attr), NULL)
#endif
