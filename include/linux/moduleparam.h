//! Module parameters: entries in section __param and texts in .modinfo.
#ifndef KLOOM_LINUX_MODULEPARAM_H
#define KLOOM_LINUX_MODULEPARAM_H
#include <linux/init.h>
#include <linux/stringify.h>
#include <linux/kernel.h>
struct kernel_param;
enum { KERNEL_PARAM_OPS_FL_NOARG = 1 << 0, KERNEL_PARAM_FL_UNSAFE = 1 << 0, KERNEL_PARAM_FL_HWPARAM = 1 << 1 };
struct kernel_param_ops {
	unsigned int flags;
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buffer, const struct kernel_param *kp);
	void (*free)(void *arg);
};
struct kparam_string { unsigned int maxlen; char *string; };
struct kparam_array {
	unsigned int max;
	unsigned int elemsize;
	unsigned int *num;
	const struct kernel_param_ops *ops;
	void *elem;
};
struct kernel_param {
	const char *name;
	struct module *mod;
	const struct kernel_param_ops *ops;
	const u16 perm;
	s8 level;
	u8 flags;
	union {
		void *arg;
		const struct kparam_string *str;
		const struct kparam_array *arr;
	};
};
#define __kloom_modinfo(tag, name, text) \
	static const char __UNIQUE_ID(name)[] __used __section(".modinfo") __aligned(1) = #tag "=" text
#define MODULE_PARM_DESC(_parm, desc) __kloom_modinfo(parm, _parm, #_parm ":" desc)
#define __MODULE_PARM_TYPE(name, type) __kloom_modinfo(parmtype, name, #name ":" type)
/* Up to 2.6.16: the type was a text ("i", "1-4s"); here it is the variable's own. `var` must be declared above. */
#define __kloom_old_ops(var) _Generic((var), \
	unsigned char: &param_ops_byte, char: &param_ops_byte, short: &param_ops_short, unsigned short: &param_ops_ushort, \
	int: &param_ops_int, unsigned int: &param_ops_uint, long: &param_ops_long, unsigned long: &param_ops_ulong, \
	char *: &param_ops_charp, bool: &param_ops_bool, default: &param_array_ops)
/* What an array's elements are; anything else is no array. */
#define __kloom_old_elem(var, of_short, of_int, of_uint, of_long, of_charp, other) _Generic((var), short *: of_short, int *: of_int, \
	unsigned int *: of_uint, long *: of_long, unsigned long *: of_long, char **: of_charp, default: other)
#define MODULE_PARM(var, type) KLOOM_REMOVED("kloom-removed:MODULE_PARM()|2.6.17|module_param(name, type, perm)") \
	static const struct kparam_array __param_arr_##var = { \
		.max = sizeof(var) / __kloom_old_elem(var, 2, 4, 4, 8, 8, 1), .elemsize = __kloom_old_elem(var, 2, 4, 4, 8, 8, 1), \
		.ops = __kloom_old_elem(var, &param_ops_short, &param_ops_int, &param_ops_uint, &param_ops_long, &param_ops_charp, &param_ops_byte), \
		.elem = (void *)&var }; \
	__module_param_call("", var, __kloom_old_ops(var), \
		__kloom_old_elem(var, (void *)&__param_arr_##var, (void *)&__param_arr_##var, (void *)&__param_arr_##var, (void *)&__param_arr_##var, (void *)&__param_arr_##var, (void *)&var), 0, -1, 0)
#define __module_param_call(prefix, name, o, a, perm_, level_, flags_) \
	static const char __param_str_##name[] = prefix #name; \
	static struct kernel_param const __param_##name __used __section("__param") __aligned(sizeof(void *)) = \
		{ __param_str_##name, &__this_module, (o), VERIFY_OCTAL_PERMISSIONS(perm_), (level_), (flags_), { (a) } }
#define module_param_cb(name, ops, arg, perm) __module_param_call("", name, ops, arg, perm, -1, 0)
#define module_param_cb_unsafe(name, ops, arg, perm) __module_param_call("", name, ops, arg, perm, -1, KERNEL_PARAM_FL_UNSAFE)
#define module_param_call(name, _set, _get, arg, perm) \
	static const struct kernel_param_ops __param_ops_##name = { .flags = 0, .set = (_set), .get = (_get) }; \
	__module_param_call("", name, &__param_ops_##name, arg, perm, -1, 0)
#define module_param_named(name, value, type, perm) \
	param_check_##type(name, &(value)); \
	module_param_cb(name, &param_ops_##type, &value, perm); \
	__MODULE_PARM_TYPE(name, #type)
#define module_param(name, type, perm) module_param_named(name, name, type, perm)
#define module_param_named_unsafe(name, value, type, perm) module_param_named(name, value, type, perm)
#define module_param_unsafe(name, type, perm) module_param(name, type, perm)
#define core_param(name, var, type, perm) module_param_named(name, var, type, perm)
#define module_param_string(name, string, len, perm) \
	static const struct kparam_string __param_string_##name = { len, string }; \
	__module_param_call("", name, &param_ops_string, (void *)&__param_string_##name, perm, -1, 0); \
	__MODULE_PARM_TYPE(name, "string")
#define module_param_array_named(name, array, type, nump, perm) \
	param_check_##type(name, &(array)[0]); \
	static const struct kparam_array __param_arr_##name = { .max = ARRAY_SIZE(array), .num = nump, .ops = &param_ops_##type, .elemsize = sizeof(array[0]), .elem = array }; \
	__module_param_call("", name, &param_array_ops, (void *)&__param_arr_##name, perm, -1, 0); \
	__MODULE_PARM_TYPE(name, "array of " #type)
#define module_param_array(name, type, nump, perm) module_param_array_named(name, name, type, nump, perm)
#define module_param_hw(name, type, hwtype, perm) module_param(name, type, perm)
#define module_param_hw_named(name, value, type, hwtype, perm) module_param_named(name, value, type, perm)
#define module_param_hw_array(name, type, hwtype, nump, perm) module_param_array(name, type, nump, perm)
#define kernel_param_lock(mod) do { } while (0)
#define kernel_param_unlock(mod) do { } while (0)
#define __param_check(name, p, type) static inline type __always_unused *__check_##name(void) { return (p); }
#define param_check_byte(name, p) __param_check(name, p, unsigned char)
#define param_check_short(name, p) __param_check(name, p, short)
#define param_check_ushort(name, p) __param_check(name, p, unsigned short)
#define param_check_int(name, p) __param_check(name, p, int)
#define param_check_uint(name, p) __param_check(name, p, unsigned int)
#define param_check_long(name, p) __param_check(name, p, long)
#define param_check_ulong(name, p) __param_check(name, p, unsigned long)
#define param_check_ullong(name, p) __param_check(name, p, unsigned long long)
#define param_check_hexint(name, p) param_check_uint(name, p)
#define param_check_charp(name, p) __param_check(name, p, char *)
#define param_check_bool(name, p) __param_check(name, p, bool)
#define param_check_invbool(name, p) __param_check(name, p, bool)
#define param_check_bint(name, p) param_check_int(name, p)
#define param_check_bool_enable_only param_check_bool
extern const struct kernel_param_ops param_ops_byte; //@2n operations of type byte
extern const struct kernel_param_ops param_ops_short; //@2n operations of type short
extern const struct kernel_param_ops param_ops_ushort; //@2n operations of type ushort
extern const struct kernel_param_ops param_ops_int; //@2n operations of type int
extern const struct kernel_param_ops param_ops_uint; //@2n operations of type uint
extern const struct kernel_param_ops param_ops_long; //@2n operations of type long
extern const struct kernel_param_ops param_ops_ulong; //@2n operations of type ulong
extern const struct kernel_param_ops param_ops_ullong; //@2n operations of type ullong
extern const struct kernel_param_ops param_ops_hexint; //@2n operations of type hexint
extern const struct kernel_param_ops param_ops_charp; //@2n operations of type charp; text is kept as a kmalloc copy
extern const struct kernel_param_ops param_ops_bool; //@2n operations of type bool; no value means true
extern const struct kernel_param_ops param_ops_bool_enable_only; //@4n bool that can only be switched on
extern const struct kernel_param_ops param_ops_invbool; //@2n bool stored inverted
extern const struct kernel_param_ops param_ops_bint; //@2n bool stored in an int
extern const struct kernel_param_ops param_ops_string; //@2n copied into a fixed buffer; -ENOSPC when too long
extern const struct kernel_param_ops param_array_ops; //@2n comma list into an array
int param_set_byte(const char *val, const struct kernel_param *kp); //@2s parses val into *(u8 *)kp->arg; 0, -EINVAL, -ERANGE
int param_get_byte(char *buffer, const struct kernel_param *kp); //@2s prints the value and a newline; length
int param_set_short(const char *val, const struct kernel_param *kp); //@2s as param_set_byte
int param_get_short(char *buffer, const struct kernel_param *kp); //@2s as param_get_byte
int param_set_ushort(const char *val, const struct kernel_param *kp); //@2s as param_set_byte
int param_get_ushort(char *buffer, const struct kernel_param *kp); //@2s as param_get_byte
int param_set_int(const char *val, const struct kernel_param *kp); //@2s as param_set_byte
int param_get_int(char *buffer, const struct kernel_param *kp); //@2s as param_get_byte
int param_set_uint(const char *val, const struct kernel_param *kp); //@2s as param_set_byte
int param_get_uint(char *buffer, const struct kernel_param *kp); //@2s as param_get_byte
int param_set_uint_minmax(const char *val, const struct kernel_param *kp, unsigned int min, unsigned int max); //@4gs as param_set_uint within bounds
int param_set_long(const char *val, const struct kernel_param *kp); //@2s as param_set_byte
int param_get_long(char *buffer, const struct kernel_param *kp); //@2s as param_get_byte
int param_set_ulong(const char *val, const struct kernel_param *kp); //@2s as param_set_byte
int param_get_ulong(char *buffer, const struct kernel_param *kp); //@2s as param_get_byte
int param_set_ullong(const char *val, const struct kernel_param *kp); //@2s as param_set_byte
int param_get_ullong(char *buffer, const struct kernel_param *kp); //@2s as param_get_byte
int param_set_charp(const char *val, const struct kernel_param *kp); //@2s keeps a copy; -ENOSPC above 1024 characters
int param_get_charp(char *buffer, const struct kernel_param *kp); //@2s prints the text
void param_free_charp(void *arg); //@2s frees the copy
int param_set_bool(const char *val, const struct kernel_param *kp); //@2s y/n/1/0/on/off; NULL means true
int param_get_bool(char *buffer, const struct kernel_param *kp); //@2s prints Y or N
int param_set_invbool(const char *val, const struct kernel_param *kp); //@4s inverted bool
int param_get_invbool(char *buffer, const struct kernel_param *kp); //@4s prints Y or N
int param_set_bint(const char *val, const struct kernel_param *kp); //@4s bool into an int
int param_set_copystring(const char *val, const struct kernel_param *kp); //@4s copies into kp->str
int param_get_string(char *buffer, const struct kernel_param *kp); //@4s prints kp->str
#define param_get_bint param_get_int
extern struct module __this_module;
#endif
