/* Parameters of every type, good and bad values */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int n = 1;
module_param(n, int, 0644);
MODULE_PARM_DESC(n, "a number");
static unsigned char b;
module_param(b, byte, 0444);
static bool yes;
module_param(yes, bool, 0644);
static bool no = true;
module_param(no, invbool, 0644);
static char *text = "plain";
module_param(text, charp, 0644);
static int list[3];
static int list_size;
module_param_array(list, int, &list_size, 0644);
static char word[8] = "w";
module_param_string(word, word, sizeof(word), 0644);
static unsigned long long big;
module_param(big, ullong, 0644);
static int inner;
module_param_named(outer, inner, int, 0644);
static int __init start(void)
{
	pr_info("n %d b %u yes %d no %d text %s list %d,%d,%d of %d word %s big %llu outer %d\n",
		n, b, yes, no, text, list[0], list[1], list[2], list_size, word, big, inner);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	pr_info("n %d text %s\n", n, text);
}
module_exit(finish);
MODULE_LICENSE("GPL");
