/* How often a slab cache calls its constructor */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <linux/slab.h>

struct item {
	int number;
	char rest[116];
};
static int calls;
static void construct(void *object)
{
	struct item *item = object;

	item->number = 1000 + calls++;
	item->rest[0] = 'c';
}
static void try(const char *name, unsigned int size, unsigned int align, slab_flags_t flags, int count)
{
	static void *objects[200];
	struct kmem_cache *cache = kmem_cache_create(name, size, align, flags, construct);
	int i, last = 0, slabs = 0, each = 0, same = 1;

	calls = 0;
	for (i = 0; i < count; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (calls == last)
			continue;
		if (slabs++ == 0)
			each = calls;
		else if (calls - last != each)
			same = 0;
		last = calls;
	}
	pr_info("%s: %d objects, %d slabs of %d, all alike %d\n", name, count, slabs, each, same);
	for (i = 0; i < count; i++)
		kmem_cache_free(cache, objects[i]);
	for (i = 0; i < 5; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	pr_info("%s: five again, %d calls\n", name, calls - last);
	for (i = 0; i < 5; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
}
static int __init start(void)
{
	struct kmem_cache *cache;
	struct item *item, *again;

	cache = kmem_cache_create("kl_item", sizeof(struct item), 0, 0, construct);
	pr_info("size %u\n", kmem_cache_size(cache));
	pr_info("created: %d calls\n", calls);
	item = kmem_cache_alloc(cache, GFP_KERNEL);
	pr_info("one object: %d calls, constructed %d\n", calls, item->number >= 1000);
	item->number = 7;
	kmem_cache_free(cache, item);
	again = kmem_cache_alloc(cache, GFP_KERNEL);
	pr_info("again: %d calls, the same %d, number %d, rest %c\n", calls, again == item, again->number, again->rest[0]);
	kmem_cache_free(cache, again);
	kmem_cache_destroy(cache);
	try("kl_8", 8, 0, 0, 200);
	try("kl_24", 24, 0, 0, 200);
	try("kl_100", 100, 0, 0, 200);
	try("kl_100h", 100, 0, SLAB_HWCACHE_ALIGN, 200);
	try("kl_a256", 100, 256, 0, 200);
	try("kl_700", 700, 0, 0, 100);
	try("kl_2000", 2000, 0, 0, 100);
	try("kl_5000", 5000, 0, 0, 50);
	try("kl_40000", 40000, 0, 0, 10);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
