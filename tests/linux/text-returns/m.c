/* What functions on text give: numbers, copies, splits */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/ctype.h>
#include <linux/string_helpers.h>

static int __init start(void)
{
	char buf[8], text[] = "a,b,,c", *rest = text, *word;
	int i = -1, n, count;
	unsigned int u = 1;
	long l;
	u8 byte = 0;
	bool yes = false;
	unsigned long long big;
	static const char *const numbers[] = { "12", "-12", " 12", "12 ", "12\n", "0x1f", "017", "", "x", "2147483648", "+5", "1 2" };

	for (n = 0; n < ARRAY_SIZE(numbers); n++) {
		int ret = kstrtoint(numbers[n], 0, &i);
		pr_info("kstrtoint '%s': %d %d\n", numbers[n], ret, i);
	}
	pr_info("kstrtouint -1: %d, kstrtou8 256: %d 255: %d %u\n", kstrtouint("-1", 10, &u), kstrtou8("256", 10, &byte), kstrtou8("255", 10, &byte), byte);
	pr_info("kstrtol base 16: %d\n", kstrtol("ff", 16, &l));
	pr_info("kstrtoull: %d\n", kstrtoull("18446744073709551616", 10, &big));
	pr_info("kstrtobool y %d on %d of %d maybe %d\n", kstrtobool("y", &yes), kstrtobool("on", &yes), kstrtobool("of", &yes), kstrtobool("maybe", &yes));
	pr_info("simple %lu %ld\n", simple_strtoul("12abc", NULL, 10), simple_strtol("-0x10", NULL, 0));
	pr_info("snprintf %d '%s'\n", snprintf(buf, sizeof(buf), "%s", "0123456789"), buf);
	pr_info("scnprintf %d '%s' of 0 %d\n", scnprintf(buf, sizeof(buf), "%s", "abcdefghij"), buf, scnprintf(buf, 0, "x"));
	pr_info("strscpy %ld '%s' %ld '%s'\n", (long)strscpy(buf, "short", sizeof(buf)), buf, (long)strscpy(buf, "much too long", sizeof(buf)), buf);
	pr_info("strlcpy %zu '%s'\n", strlcpy(buf, "much too long", sizeof(buf)), buf);
	while ((word = strsep(&rest, ",")))
		pr_info("word '%s'\n", word);
	n = sscanf("7 apples, 0x1f", "%d %7s %x", &i, buf, &u);
	pr_info("sscanf %d: %d '%s' %x\n", n, i, buf, u);
	n = sscanf("x", "%d", &i);
	pr_info("sscanf nothing %d\n", n);
	n = sscanf("12:34", "%d:%d%n", &i, (int *)&u, &count);
	pr_info("sscanf %d: %d %d count %d\n", n, i, u, count);
	strcpy(buf, " ab \n");
	pr_info("strim '%s' skip '%s'\n", strim(buf), skip_spaces("  z"));
	pr_info("strcmp %d %d %d casecmp %d\n", strcmp("a", "b") < 0, strcmp("b", "a") > 0, strncmp("abc", "abd", 2), strcasecmp("ABC", "abc"));
	pr_info("sysfs_streq %d match %d\n", sysfs_streq("on\n", "on"), match_string(numbers, 3, "-12"));
	pr_info("memparse %llu %llu\n", memparse("2K", NULL), memparse("1M", NULL));
	pr_info("hex %d %d %d\n", hex_to_bin('f'), hex_to_bin('g'), hex2bin((u8 *)buf, "01ab", 2));
	word = kasprintf(GFP_KERNEL, "%d-%s", 5, "five");
	pr_info("kasprintf '%s'\n", word);
	kfree(word);
	word = kstrdup("copy", GFP_KERNEL);
	pr_info("kstrdup '%s'\n", word);
	kfree(word);
	print_hex_dump(KERN_INFO, "dump: ", DUMP_PREFIX_OFFSET, 16, 1, "0123456789abcdefXYZ", 19, true);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
