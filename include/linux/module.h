//! Modules: what they declare, and references to them.
#ifndef KLOOM_LINUX_MODULE_H
#define KLOOM_LINUX_MODULE_H
#include <linux/list.h>
#include <linux/stat.h>
#include <linux/cache.h>
#include <linux/kmod.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/stringify.h>
#include <linux/kobject.h>
#include <linux/moduleparam.h>
#include <linux/jump_label.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/srcu.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/mutex.h>
#include <linux/ktime.h>
#include <linux/time.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <linux/notifier.h>
#define MODULE_NAME_LEN 56
enum module_state { MODULE_STATE_LIVE, MODULE_STATE_COMING, MODULE_STATE_GOING, MODULE_STATE_UNFORMED };
struct module_kobject { struct kobject kobj; struct module *mod; struct kobject *drivers_dir; };
struct module {
	enum module_state state;
	struct list_head list;
	char name[MODULE_NAME_LEN];
	struct module_kobject mkobj;
	const char *version;
	const char *srcversion;
	struct kernel_param *kp;
	unsigned int num_kp;
	const struct kernel_symbol *syms;
	unsigned int num_syms;
	int (*init)(void);
	void (*exit)(void);
	unsigned long taints;
	struct list_head source_list;
	struct list_head target_list;
	atomic_t refcnt;
	void *kloom; /* the simulated kernel's own */
};
#define __MODULE_INFO(tag, name, info) \
	static const char __UNIQUE_ID(name)[] __used __section(".modinfo") __aligned(1) = __stringify(tag) "=" info
#define MODULE_INFO(tag, info) __MODULE_INFO(tag, tag, info)
#define MODULE_ALIAS(_text) MODULE_INFO(alias, _text)
#define MODULE_SOFTDEP(_text) MODULE_INFO(softdep, _text)
#define MODULE_LICENSE(_text) MODULE_INFO(license, _text)
#define MODULE_AUTHOR(_text) MODULE_INFO(author, _text)
#define MODULE_DESCRIPTION(_text) MODULE_INFO(description, _text)
#define MODULE_VERSION(_text) MODULE_INFO(version, _text)
#define MODULE_FIRMWARE(_text) MODULE_INFO(firmware, _text)
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, __stringify(ns))
#define MODULE_SUPPORTED_DEVICE(name)
#define MODULE_DEVICE_TABLE(type, name)
#define MODULE_ALIAS_MISCDEV(minor) MODULE_ALIAS("char-major-10-" __stringify(minor))
#define MODULE_ALIAS_CHARDEV(major, minor) MODULE_ALIAS("char-major-" __stringify(major) "-" __stringify(minor))
#define EXPORT_NO_SYMBOLS
#define symbol_name(x) #x
bool try_module_get(struct module *module); //@2n takes a reference; false when the module is going; true for NULL
void __module_get(struct module *module); //@2n takes a reference to a module known to be alive
void module_put(struct module *module); //@2n drops a reference; NULL allowed
int kloom_module_refcount(struct module *module); //@2gn references held
void *__symbol_get(const char *symbol); //@4gs address of an exported symbol with a reference to its module, or NULL
void __symbol_put(const char *symbol); //@4n drops that reference
void symbol_put_addr(void *addr); //@4gn drops the reference by address
struct module *find_module(const char *name); //@4n the loaded module of that name or NULL
bool is_module_address(unsigned long addr); //@4n true for an address in a module
struct module *__module_address(unsigned long addr); //@4n the module around an address
struct module *__module_text_address(unsigned long addr); //@4n the module whose code has an address
void __module_put_and_kthread_exit(struct module *mod, long code) __noreturn; //@2s drops a module reference and ends the calling kthread
int register_module_notifier(struct notifier_block *nb); //@4s calls nb when modules come and go
int unregister_module_notifier(struct notifier_block *nb); //@4s undoes it
extern struct mutex module_mutex; //@4n guards the list of modules (not exported since 5.12)
#define module_refcount(m) kloom_module_refcount(m)
#define symbol_get(x) ((typeof(&x))(__symbol_get(__stringify(x))))
#define symbol_put(x) __symbol_put(__stringify(x))
#define symbol_request(x) symbol_get(x)
#define module_put_and_exit(code) __module_put_and_kthread_exit(THIS_MODULE, code)
#define module_put_and_kthread_exit(code) __module_put_and_kthread_exit(THIS_MODULE, code)
#define module_name(mod) ({ struct module *__mn = (mod); __mn ? __mn->name : "kernel"; })
#define module_is_live(mod) ((mod)->state != MODULE_STATE_GOING)
#define __MODULE_STRING(x) __stringify(x)
#define MOD_INC_USE_COUNT KLOOM_REMOVED("kloom-removed:MOD_INC_USE_COUNT|2.6|.owner = THIS_MODULE: who opens the file holds the module") ((void)try_module_get(THIS_MODULE))
#define MOD_DEC_USE_COUNT KLOOM_REMOVED("kloom-removed:MOD_DEC_USE_COUNT|2.6|.owner = THIS_MODULE: who closes the file lets the module go") module_put(THIS_MODULE)
#define SET_MODULE_OWNER(x) KLOOM_REMOVED("kloom-removed:SET_MODULE_OWNER()|2.6.24|.owner = THIS_MODULE") do { } while (0)
int init_module(void);
void cleanup_module(void);
#define module_driver(drv, reg, unreg, ...) \
	static int __init drv##_init(void) { return reg(&(drv), ##__VA_ARGS__); } \
	module_init(drv##_init); \
	static void __exit drv##_exit(void) { unreg(&(drv), ##__VA_ARGS__); } \
	module_exit(drv##_exit)
#endif
