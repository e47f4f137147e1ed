//! Devices, classes, drivers.
#ifndef KLOOM_LINUX_DEVICE_H
#define KLOOM_LINUX_DEVICE_H
#include <linux/dev_printk.h>
#include <linux/ioport.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/mutex.h>
#include <linux/pm.h>
#include <linux/atomic.h>
#include <linux/uidgid.h>
#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/slab.h>
struct device;
struct device_driver;
struct device_node;
struct class;
struct bus_type;
struct device_type { const char *name; const struct attribute_group **groups; void (*release)(struct device *dev); };
struct device {
	struct kobject kobj;
	struct device *parent;
	const char *init_name;
	const struct device_type *type;
	struct bus_type *bus;
	struct device_driver *driver;
	void *platform_data;
	void *driver_data;
	struct mutex mutex;
	struct device_node *of_node;
	dev_t devt;
	u32 id;
	u64 *dma_mask;
	u64 coherent_dma_mask;
	struct class *class;
	const struct attribute_group **groups;
	void (*release)(struct device *dev);
	void *kloom;
};
struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr, const char *buf, size_t count);
};
struct driver_attribute { struct attribute attr; ssize_t (*show)(struct device_driver *, char *); ssize_t (*store)(struct device_driver *, const char *, size_t); };
struct bus_attribute { struct attribute attr; ssize_t (*show)(struct bus_type *, char *); ssize_t (*store)(struct bus_type *, const char *, size_t); };
struct class_attribute { struct attribute attr; ssize_t (*show)(struct class *, struct class_attribute *, char *); ssize_t (*store)(struct class *, struct class_attribute *, const char *, size_t); };
struct class {
	const char *name;
	struct module *owner;
	const struct attribute_group **class_groups;
	const struct attribute_group **dev_groups;
	int (*dev_uevent)(struct device *dev, struct kobj_uevent_env *env);
	char *(*devnode)(struct device *dev, umode_t *mode);
	void (*class_release)(struct class *class);
	void (*dev_release)(struct device *dev);
	void *kloom;
};
struct of_device_id { char name[32]; char type[32]; char compatible[128]; const void *data; };
struct device_driver {
	const char *name;
	struct bus_type *bus;
	struct module *owner;
	const char *mod_name;
	const struct of_device_id *of_match_table;
	const void *acpi_match_table;
	int (*probe)(struct device *dev);
	int (*remove)(struct device *dev);
	void (*shutdown)(struct device *dev);
	const struct attribute_group **groups;
	const struct attribute_group **dev_groups;
	const struct dev_pm_ops *pm;
	void *kloom;
};
struct bus_type {
	const char *name;
	const char *dev_name;
	const struct attribute_group **bus_groups, **dev_groups, **drv_groups;
	int (*match)(struct device *dev, struct device_driver *drv);
	int (*uevent)(struct device *dev, struct kobj_uevent_env *env);
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	void *kloom;
};
#define DEVICE_ATTR(_name, _mode, _show, _store) struct device_attribute dev_attr_##_name = __ATTR(_name, _mode, _show, _store)
#define DEVICE_ATTR_RW(_name) struct device_attribute dev_attr_##_name = __ATTR_RW(_name)
#define DEVICE_ATTR_RO(_name) struct device_attribute dev_attr_##_name = __ATTR_RO(_name)
#define DEVICE_ATTR_WO(_name) struct device_attribute dev_attr_##_name = __ATTR_WO(_name)
#define DRIVER_ATTR_RW(_name) struct driver_attribute driver_attr_##_name = __ATTR_RW(_name)
#define DRIVER_ATTR_RO(_name) struct driver_attribute driver_attr_##_name = __ATTR_RO(_name)
#define DRIVER_ATTR_WO(_name) struct driver_attribute driver_attr_##_name = __ATTR_WO(_name)
#define BUS_ATTR_RW(_name) struct bus_attribute bus_attr_##_name = __ATTR_RW(_name)
#define BUS_ATTR_RO(_name) struct bus_attribute bus_attr_##_name = __ATTR_RO(_name)
#define CLASS_ATTR_RW(_name) struct class_attribute class_attr_##_name = __ATTR_RW(_name)
#define CLASS_ATTR_RO(_name) struct class_attribute class_attr_##_name = __ATTR_RO(_name)
#define CLASS_ATTR_WO(_name) struct class_attribute class_attr_##_name = __ATTR_WO(_name)
struct class *__class_create(struct module *owner, const char *name, struct lock_class_key *key); //@4gs a device class; ERR_PTR
void class_destroy(struct class *cls); //@4gs removes it; NULL and ERR_PTR allowed
int __class_register(struct class *cls, struct lock_class_key *key); //@4gs adds a class of the module's own
void class_unregister(struct class *cls); //@4gs removes it
int class_create_file_ns(struct class *cls, const struct class_attribute *attr, const void *ns); //@4gs adds a class attribute
void class_remove_file_ns(struct class *cls, const struct class_attribute *attr, const void *ns); //@4gs removes it
#define __kloom_class_create(owner, name) ({ static struct lock_class_key __key; __class_create((owner), (name), &__key); })
#if KLOOM_VERSION_GE(6, 4)
#define __kloom_class_2(owner, name) KLOOM_REMOVED("kloom-removed:class_create() with two arguments|6.4|class_create(name)") __kloom_class_create(owner, name)
#else
#define __kloom_class_2(owner, name) __kloom_class_create(owner, name)
#endif
#define __kloom_class_1(name) __kloom_class_create(THIS_MODULE, name)
#define __kloom_class_pick(_1, _2, f, ...) f
/* Two arguments up to 6.3, one since 6.4. */
#define class_create(...) __kloom_class_pick(__VA_ARGS__, __kloom_class_2, __kloom_class_1)(__VA_ARGS__)
#define class_register(c) ({ static struct lock_class_key __key; __class_register((c), &__key); })
#define class_create_file(c, a) class_create_file_ns((c), (a), NULL)
#define class_remove_file(c, a) class_remove_file_ns((c), (a), NULL)
__printf(5, 6) struct device *device_create(struct class *cls, struct device *parent, dev_t devt, void *drvdata, const char *fmt, ...); //@4gs a device with its /dev node; ERR_PTR
__printf(6, 7) struct device *device_create_with_groups(struct class *cls, struct device *parent, dev_t devt, void *drvdata, const struct attribute_group **groups, const char *fmt, ...); //@4gs as device_create with attributes
void device_destroy(struct class *cls, dev_t devt); //@4gs removes it
void device_initialize(struct device *dev); //@4gn first reference
int device_add(struct device *dev); //@4gs adds it
void device_del(struct device *dev); //@4gs removes it
int device_register(struct device *dev); //@4gs both of the first
void device_unregister(struct device *dev); //@4gs removes it and drops the reference
struct device *get_device(struct device *dev); //@4gn takes a reference
void put_device(struct device *dev); //@4gs drops a reference
__printf(2, 3) int dev_set_name(struct device *dev, const char *name, ...); //@4gs names it
int device_create_file(struct device *dev, const struct device_attribute *attr); //@4gs adds an attribute
void device_remove_file(struct device *dev, const struct device_attribute *attr); //@4gs removes it
int driver_create_file(struct device_driver *drv, const struct driver_attribute *attr); //@4gs adds an attribute
void driver_remove_file(struct device_driver *drv, const struct driver_attribute *attr); //@4gs removes it
int bus_create_file(struct bus_type *bus, struct bus_attribute *attr); //@4gs adds an attribute
void bus_remove_file(struct bus_type *bus, struct bus_attribute *attr); //@4gs removes it
int bus_register(struct bus_type *bus); //@4gs adds a bus
void bus_unregister(struct bus_type *bus); //@4gs removes it
int driver_register(struct device_driver *drv); //@4gs adds a driver
void driver_unregister(struct device_driver *drv); //@4gs removes it
int device_for_each_child(struct device *dev, void *data, int (*fn)(struct device *dev, void *data)); //@4gs calls fn for each child until non-zero
int bus_for_each_dev(struct bus_type *bus, struct device *start, void *data, int (*fn)(struct device *dev, void *data)); //@4gs calls fn for each device
void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp); //@4gs memory freed with the driver's binding
char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp); //@4gs a copy freed with the binding
__printf(3, 4) char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *fmt, ...); //@4gs formatted, freed with the binding
void devm_kfree(struct device *dev, const void *p); //@4gs frees it now
void *devm_kmemdup(struct device *dev, const void *src, size_t len, gfp_t gfp); //@4gs a copy freed with the binding
int devm_add_action(struct device *dev, void (*action)(void *), void *data); //@4gs runs action when the binding ends
void devm_remove_action(struct device *dev, void (*action)(void *), void *data); //@4gs takes it back
static inline int devm_add_action_or_reset(struct device *dev, void (*action)(void *), void *data)
{
	int ret = devm_add_action(dev, action, data);

	if (ret)
		action(data);
	return ret;
}
int driver_for_each_device(struct device_driver *drv, struct device *start, void *data, int (*fn)(struct device *dev, void *data)); //@4gs calls fn for each device of a driver
struct device_driver *driver_find(const char *name, struct bus_type *bus); //@4gs the driver of a name or NULL
struct device *kloom_bus_find_device_by_name(struct bus_type *bus, const char *name); //@4gs a device with a reference or NULL
#define bus_find_device_by_name(bus, start, name) kloom_bus_find_device_by_name((bus), (name))
typedef void (*dr_release_t)(struct device *dev, void *res);
typedef int (*dr_match_t)(struct device *dev, void *res, void *match_data);
void *kloom_devres_alloc(dr_release_t release, size_t size, gfp_t gfp); //@4gs zeroed memory for something with a release function; NULL
void devres_free(void *res); //@4gn gives back what no device has
void devres_add(struct device *dev, void *res); //@4gn it goes with the driver's binding
void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data); //@4gn the last that matches or NULL
void *devres_remove(struct device *dev, dr_release_t release, dr_match_t match, void *match_data); //@4gn takes it from the device
int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data); //@4gn removes and frees; -ENOENT
int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data); //@4gs removes, releases and frees; -ENOENT
void *devres_open_group(struct device *dev, void *id, gfp_t gfp); //@4gs begins a group; NULL
void devres_close_group(struct device *dev, void *id); //@4gn ends it
void devres_remove_group(struct device *dev, void *id); //@4gn forgets it
int devres_release_group(struct device *dev, void *id); //@4gs gives back what belongs to it; how many
#define devres_alloc(release, size, gfp) kloom_devres_alloc((release), (size), (gfp))
const char *dev_driver_string(const struct device *dev); //@4n name of driver, bus or class
#define devm_kzalloc(dev, size, gfp) devm_kmalloc((dev), (size), (gfp) | __GFP_ZERO)
#define devm_kcalloc(dev, n, size, gfp) devm_kmalloc((dev), size_mul((n), (size)), (gfp) | __GFP_ZERO)
#define devm_kmalloc_array(dev, n, size, gfp) devm_kmalloc((dev), size_mul((n), (size)), (gfp))
static inline const char *dev_name(const struct device *dev) { return dev->init_name ? dev->init_name : kobject_name(&dev->kobj); }
static inline void *dev_get_drvdata(const struct device *dev) { return dev->driver_data; }
static inline void dev_set_drvdata(struct device *dev, void *data) { dev->driver_data = data; }
static inline void *dev_get_platdata(const struct device *dev) { return dev->platform_data; }
static inline struct device *kobj_to_dev(struct kobject *kobj) { return container_of(kobj, struct device, kobj); }
static inline void device_lock(struct device *dev) { mutex_lock(&dev->mutex); }
static inline void device_unlock(struct device *dev) { mutex_unlock(&dev->mutex); }
#endif
