/* --kernel 3.10: what #if, uname, /proc/version and vermagic say */
#include <linux/module.h>
#include <linux/version.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>

static int __init start(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(2, 6, 36)
	pr_info("before 2.6.36\n");
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(4, 15, 0)
	pr_info("before 4.15\n");
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0)
	pr_info("5.6 or later\n");
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	pr_info("6.4 or later\n");
#endif
	pr_info("%d.%d.%d %s %s\n", LINUX_VERSION_CODE >> 16, LINUX_VERSION_CODE >> 8 & 255, LINUX_VERSION_CODE & 255,
		UTS_RELEASE, utsname()->release);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
