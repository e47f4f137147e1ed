/* The default scenario ends when insmod fails */
#include <linux/module.h>
#include <linux/moduleparam.h>

static int count = 1;
module_param(count, int, 0444);
static bool loud;
module_param(loud, bool, 0444);
static char *name = "nobody";
module_param(name, charp, 0444);
static int list[3];
static int listed;
module_param_array(list, int, &listed, 0444);
static char word[8] = "short";
module_param_string(word, word, sizeof(word), 0444);

static int __init start(void)
{
	int i;

	pr_info("count %d loud %d name %s word %s\n", count, loud, name, word);
	for (i = 0; i < listed; i++)
		pr_info("list[%d] %d\n", i, list[i]);
	return 0;
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
