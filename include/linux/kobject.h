//! Objects of sysfs.
#ifndef KLOOM_LINUX_KOBJECT_H
#define KLOOM_LINUX_KOBJECT_H
#include <linux/types.h>
#include <linux/list.h>
#include <linux/sysfs.h>
#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/kref.h>
#include <linux/kernel.h>
#include <linux/wait.h>
#include <linux/atomic.h>
#include <linux/workqueue.h>
#include <linux/uidgid.h>
struct kset;
struct kobj_type;
struct kobject {
	const char *name;
	struct list_head entry;
	struct kobject *parent;
	struct kset *kset;
	const struct kobj_type *ktype;
	struct kernfs_node *sd;
	struct kref kref;
	unsigned int state_initialized:1;
	unsigned int state_in_sysfs:1;
	unsigned int state_add_uevent_sent:1;
	unsigned int state_remove_uevent_sent:1;
	unsigned int uevent_suppress:1;
};
struct kobj_type {
	void (*release)(struct kobject *kobj);
	const struct sysfs_ops *sysfs_ops;
	const struct attribute_group **default_groups;
	struct attribute **default_attrs;
	const void *child_ns_type;
	const void *namespace_cb;
	const void *get_ownership;
};
struct kobj_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count);
};
struct kobj_uevent_env { char *argv[3]; char *envp[64]; int envp_idx; char buf[2048]; int buflen; };
struct kset_uevent_ops;
struct kset { struct list_head list; spinlock_t list_lock; struct kobject kobj; const struct kset_uevent_ops *uevent_ops; };
enum kobject_action { KOBJ_ADD, KOBJ_REMOVE, KOBJ_CHANGE, KOBJ_MOVE, KOBJ_ONLINE, KOBJ_OFFLINE, KOBJ_BIND, KOBJ_UNBIND };
extern struct kobject *kernel_kobj; //@4gn /sys/kernel
extern struct kobject *mm_kobj; //@4gn /sys/kernel/mm
extern struct kobject *hypervisor_kobj; //@4gn /sys/hypervisor
extern struct kobject *power_kobj; //@4gn /sys/power
extern struct kobject *firmware_kobj; //@4gn /sys/firmware
extern struct kobject *fs_kobj; //@4gn /sys/fs
extern const struct sysfs_ops kobj_sysfs_ops; //@4gn calls show/store of struct kobj_attribute
void kobject_init(struct kobject *kobj, const struct kobj_type *ktype); //@4n first reference
__printf(3, 4) int kobject_add(struct kobject *kobj, struct kobject *parent, const char *fmt, ...); //@4s names it and makes its directory
__printf(4, 5) int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype, struct kobject *parent, const char *fmt, ...); //@4gs both
struct kobject *kobject_create_and_add(const char *name, struct kobject *parent); //@4gs a directory; NULL
struct kobject *kobject_get(struct kobject *kobj); //@4n takes a reference
struct kobject *kobject_get_unless_zero(struct kobject *kobj); //@4n takes a reference unless it is dead
void kobject_put(struct kobject *kobj); //@4s drops a reference; the last removes it and calls release
void kobject_del(struct kobject *kobj); //@4s removes its directory
__printf(2, 3) int kobject_set_name(struct kobject *kobj, const char *fmt, ...); //@4s sets the name
int kobject_rename(struct kobject *kobj, const char *new_name); //@4gs renames
char *kobject_get_path(const struct kobject *kobj, gfp_t flag); //@4gs its path, kmalloc'ed
int kobject_uevent(struct kobject *kobj, enum kobject_action action); //@4gs tells user space
int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *envp[]); //@4gs tells user space with variables
__printf(2, 3) int add_uevent_var(struct kobj_uevent_env *env, const char *format, ...); //@4gn adds a variable
struct kset *kset_create_and_add(const char *name, const struct kset_uevent_ops *u, struct kobject *parent_kobj); //@4gs a set; NULL
int kset_register(struct kset *kset); //@4s adds a set
struct kobject *kset_find_obj(struct kset *kset, const char *name); //@4gn the member of a name with a reference or NULL
void kset_unregister(struct kset *kset); //@4s removes a set
static inline const char *kobject_name(const struct kobject *kobj) { return kobj->name; }
#endif
