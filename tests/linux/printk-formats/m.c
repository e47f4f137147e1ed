/* The kernel's own conversions */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uuid.h>
#include <linux/in6.h>
#include <linux/rtc.h>
#include <linux/time64.h>
#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/dcache.h>

static struct resource res = { .start = 0x1000, .end = 0x1fff, .name = "r", .flags = IORESOURCE_MEM };
static int __init start(void)
{
	u8 bytes[] = { 1, 0xab, 0x20, 0xff };
	u8 mac[] = { 0x00, 0x1b, 0x44, 0x11, 0x3a, 0xb7 };
	__be32 ip4 = cpu_to_be32(0xc0a80001);
	struct in6_addr ip6 = { .s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	uuid_t uuid = UUID_INIT(0x01234567, 0x89ab, 0xcdef, 1, 2, 3, 4, 5, 6, 7, 8);
	DECLARE_BITMAP(map, 16);
	struct va_format vaf;
	struct rtc_time tm = { .tm_year = 126, .tm_mon = 10, .tm_mday = 16, .tm_hour = 10, .tm_min = 17, .tm_sec = 5 };
	time64_t t = 1000000000;
	bitmap_zero(map, 16);
	bitmap_set(map, 2, 3);
	set_bit(9, map);
	(void)vaf;
	pr_info("pS %pS ps %ps psb %pSb\n", start, start, start);
	pr_info("pS of kernel %pS %ps\n", msleep, msleep);
	pr_info("pS odd %pS %pS\n", (void *)0x10, NULL);
	pr_info("pB %pB\n", (void *)msleep + 1);
	pr_info("p null [%p] err [%p] [%pe] [%pe]\n", NULL, ERR_PTR(-12), ERR_PTR(-12), ERR_PTR(-600));
	pr_info("px %px [%20px]\n", (void *)0x1234, (void *)0xabc);
	pr_info("pe of pointer is hashed %d\n", 1);
	pr_info("ph [%*ph] phC [%*phC] phD [%*phD] phN [%*phN] 3ph [%3ph]\n", 4, bytes, 4, bytes, 4, bytes, 4, bytes, bytes);
	pr_info("pM %pM pMF %pMF pm %pm pMR %pMR\n", mac, mac, mac, mac);
	pr_info("pI4 %pI4 pi4 %pi4 pI6 %pI6 pi6 %pi6 pI6c %pI6c\n", &ip4, &ip4, &ip6, &ip6, &ip6);
	pr_info("pUb %pUb pUB %pUB pUl %pUl pUL %pUL\n", &uuid, &uuid, &uuid, &uuid);
	pr_info("pb %*pb pbl %*pbl\n", 16, map, 16, map);
	pr_info("pt %ptR %ptRd %ptRt %ptTd\n", &tm, &tm, &tm, &t);
	pr_info("pE %*pE [%*pEs]\n", 4, bytes, 4, "a\tb ");
	pr_info("pr %pr pR %pR\n", &res, &res);
	pr_info("pK %d\n", 1);
	pr_info("d [%5d] [%-5d] [%05d] [%+d] [% d] [%x] [%#x] [%X] [%o] [%#o] [%c] [%%]\n", 42, 42, 42, 42, 42, 255, 255, 255, 8, 8, 'z');
	pr_info("long [%ld] [%lu] [%lld] [%llx] [%zu] [%zd] [%hhd] [%hd]\n", -1L, -1UL, -1LL, -1ULL, (size_t)5, (ssize_t)-5, 300, 70000);
	pr_info("s [%s] [%10s] [%-10s] [%.3s] [%.*s] [%s]\n", "abcdef", "abc", "abc", "abcdef", 2, "abcdef", (char *)NULL);
	pr_info("pd [%pd]\n", (void *)NULL);
	pr_info("bad [%s]\n", (char *)0x10);
	pr_info("pI4 null [%pI4] ph [%4ph]\n", NULL, NULL);
	pr_info("gfp %pGg\n", &(gfp_t){ GFP_KERNEL });
	pr_info("pV done\n");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
