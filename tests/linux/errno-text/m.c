/* Numbers and names that are not */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/kstrtox.h>
#include <linux/parser.h>
#include <linux/ctype.h>
#include <linux/uuid.h>
#include <linux/err.h>

static int __init start(void)
{
	static const match_table_t tokens = { { 1, "plain" }, { 2, "size=%d" }, { 3, "mode=%o" }, { 4, "name=%3s" }, { 5, "two=%u:%u" }, { 6, "x=%x%%" }, { 0, NULL } };
	static char o0[] = "plain", o1[] = "size=0x10", o2[] = "size=", o3[] = "size=99999999999", o4[] = "mode=0755", o5[] = "name=abc", o6[] = "two=1:2", o7[] = "x=ff%", o8[] = "plainer", o9[] = "size=-5", oa[] = "name=abcdef";
	static char *const options[] = { o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, oa };
	substring_t args[MAX_OPT_ARGS];
	static const char *const set[] = { "one", "two", NULL, "four" };
	static const char *const wrong[] = { "", "+", "-", "--1", "0x", "08", "1e3", "12 ", " 12", "9223372036854775808", "-9223372036854775809", "18446744073709551615" };
	unsigned long ul = 1;
	long l = 1;
	u16 u16v = 1;
	s8 s8v = 1;
	bool yes = true;
	uuid_t uuid;
	char out[8];
	u8 bytes[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		int a = kstrtol(wrong[i], 0, &l), b = kstrtoul(wrong[i], 0, &ul);

		pr_info("'%s' %d %d\n", wrong[i], a, b);
	}
	pr_info("u16 65536 %d s8 -129 %d s8 -128 %d %d\n", kstrtou16("65536", 10, &u16v), kstrtos8("-129", 10, &s8v), kstrtos8("-128", 10, &s8v), s8v);
	pr_info("base 2 %d base 16 %d base 37 %d\n", kstrtoul("12", 2, &ul), kstrtoul("0x1G", 16, &ul), kstrtoul("z", 36, &ul));
	pr_info("bool '' %d 2 %d Nope %d %d o %d\n", kstrtobool("", &yes), kstrtobool("2", &yes), kstrtobool("Nope", &yes), yes, kstrtobool("o", &yes));
	pr_info("bool NULL %d\n", kstrtobool(NULL, &yes));
	pr_info("match %d none %d short %d sysfs %d\n", match_string(set, 4, "two"), match_string(set, -1, "three"), match_string(set, 1, "two"), sysfs_match_string(set, "one\n"));
	pr_info("strscpy 0 %ld small %ld\n", (long)strscpy(out, "x", 0), (long)strscpy(out, "12345678", sizeof(out)));
	pr_info("strscpy_pad %ld\n", (long)strscpy_pad(out, "ab", sizeof(out)));
	pr_info("hex2bin odd %d bad %d good %d\n", hex2bin(bytes, "0", 1), hex2bin(bytes, "0g", 1), hex2bin(bytes, "ff", 1));
	pr_info("uuid %d %d\n", uuid_parse("nonsense", &uuid), uuid_parse("01234567-89ab-cdef-0123-456789abcdef", &uuid));
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		int n = -1, ret = 99, token = match_token(options[i], tokens, args);

		if (token == 2)
			ret = match_int(&args[0], &n);
		if (token == 3)
			ret = match_octal(&args[0], &n);
		if (token == 4)
			ret = match_strlcpy(out, &args[0], sizeof(out));
		pr_info("option %s: %d %d %d\n", options[i], token, ret, n);
	}
	pr_info("wild %d %d %d\n", match_wildcard("a*c?", "abbcd"), match_wildcard("a*", "b"), match_wildcard("*", ""));
	pr_info("sscanf %d %d\n", sscanf("", "%d", &i), sscanf("5,x", "%d,%d", &i, &i));
	pr_info("snprintf size %d\n", snprintf(NULL, 0, "%d", 12345));
	pr_info("scnprintf of 1 %d '%s'\n", scnprintf(out, 1, "abc"), out);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
