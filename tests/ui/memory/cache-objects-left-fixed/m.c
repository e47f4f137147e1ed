/* They are given back first */
#include <linux/module.h>
#include <linux/slab.h>

static struct kmem_cache *cache;
static void *items[3];

static int __init start(void)
{
	int i;

	cache = kmem_cache_create("demo_cache", 64, 0, 0, NULL);
	if (!cache)
		return -ENOMEM;
	for (i = 0; i < 3; i++)
		items[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	return 0;
}

static void __exit finish(void)
{
	int i;

	for (i = 0; i < 3; i++)
		kmem_cache_free(cache, items[i]);
	kmem_cache_destroy(cache);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
