//! Devices that are not found by a bus.
#ifndef KLOOM_LINUX_PLATFORM_DEVICE_H
#define KLOOM_LINUX_PLATFORM_DEVICE_H
#include <linux/device.h>
#include <linux/mod_devicetable.h>
struct platform_device {
	const char *name;
	int id;
	bool id_auto;
	struct device dev;
	u32 num_resources;
	struct resource *resource;
	const struct platform_device_id *id_entry;
};
struct platform_driver {
	int (*probe)(struct platform_device *);
	int (*remove)(struct platform_device *);
	void (*shutdown)(struct platform_device *);
	int (*suspend)(struct platform_device *, pm_message_t state);
	int (*resume)(struct platform_device *);
	struct device_driver driver;
	const struct platform_device_id *id_table;
	bool prevent_deferred_probe;
};
#define PLATFORM_DEVID_NONE (-1)
#define PLATFORM_DEVID_AUTO (-2)
#define to_platform_device(x) container_of((x), struct platform_device, dev)
int platform_device_register(struct platform_device *pdev); //@4gs adds it; binds a driver of the same name
void platform_device_unregister(struct platform_device *pdev); //@4gs removes it
struct platform_device *platform_device_alloc(const char *name, int id); //@4gs memory for one
int platform_device_add(struct platform_device *pdev); //@4gs adds an allocated one
void platform_device_del(struct platform_device *pdev); //@4gs removes it
void platform_device_put(struct platform_device *pdev); //@4gs drops the reference
int platform_device_add_data(struct platform_device *pdev, const void *data, size_t size); //@4gs copies platform data
struct platform_device *kloom_platform_device_register_simple(const char *name, int id, const struct resource *res, unsigned int num); //@4gs allocates and adds; ERR_PTR
struct resource *platform_get_resource(struct platform_device *pdev, unsigned int type, unsigned int num); //@4gn the num-th resource of a type or NULL
int platform_get_irq(struct platform_device *pdev, unsigned int num); //@4gn the num-th interrupt; -ENXIO
int __platform_driver_register(struct platform_driver *drv, struct module *owner); //@4gs adds a driver; probes matching devices
void platform_driver_unregister(struct platform_driver *drv); //@4gs removes it; calls remove
extern struct bus_type platform_bus_type; //@4gn the bus they are on
extern struct device platform_bus; //@4gn the parent of those that have none
int platform_device_add_resources(struct platform_device *pdev, const struct resource *res, unsigned int num); //@4gs copies resources
struct platform_device *kloom_platform_device_register(const char *name, int id, const struct resource *res, unsigned int num, const void *data, size_t size); //@4gs allocates and adds with resources and data; ERR_PTR
int platform_get_irq_optional(struct platform_device *pdev, unsigned int num); //@4gn the num-th interrupt; -ENXIO without a message
int kloom_platform_driver_probe(struct platform_driver *drv, int (*probe)(struct platform_device *), struct module *owner); //@4gs adds a driver for devices that are there; -ENODEV
#define platform_device_register_data(parent, name, id, data, size) kloom_platform_device_register((name), (id), NULL, 0, (data), (size))
#define platform_device_register_resndata(parent, name, id, res, num, data, size) kloom_platform_device_register((name), (id), (res), (num), (data), (size))
#define platform_get_device_id(pdev) ((pdev)->id_entry)
#define platform_device_register_simple(n, id, r, num) kloom_platform_device_register_simple((n), (id), (r), (num))
struct platform_device *__platform_create_bundle(struct platform_driver *drv, int (*probe)(struct platform_device *), struct resource *res, unsigned int num, const void *data, size_t size, struct module *owner); //@4gs a driver and its one device; ERR_PTR
#define platform_create_bundle(d, p, r, n, data, size) __platform_create_bundle((d), (p), (r), (n), (data), (size), THIS_MODULE)
#define platform_driver_register(drv) __platform_driver_register((drv), THIS_MODULE)
#define platform_driver_probe(drv, p) kloom_platform_driver_probe((drv), (p), THIS_MODULE)
#define module_platform_driver(drv) module_driver(drv, platform_driver_register, platform_driver_unregister)
static inline void *platform_get_drvdata(const struct platform_device *pdev) { return pdev->dev.driver_data; }
static inline void platform_set_drvdata(struct platform_device *pdev, void *data) { pdev->dev.driver_data = data; }
#endif
