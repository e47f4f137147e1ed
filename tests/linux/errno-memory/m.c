/* Memory that cannot be had */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/mempool.h>
#include <linux/vmalloc.h>
#include <linux/mm.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/err.h>

static void ctor(void *p)
{
}
static int __init start(void)
{
	struct kmem_cache *c, *d;
	mempool_t *pool;
	void *p, *q, *elements[3];
	char *s;
	int i;

	c = kmem_cache_create("kloom_ctor", 64, 0, 0, ctor);
	pr_info("cache %d size %u\n", !!c, kmem_cache_size(c));
	pr_info("zeroed with a constructor is not asked\n");
	kmem_cache_destroy(NULL);
	kmem_cache_destroy(c);
	c = kmem_cache_create("kloom_plain", 40, 8, SLAB_HWCACHE_ALIGN, NULL);
	pr_info("bulk %d\n", kmem_cache_alloc_bulk(c, GFP_KERNEL, 3, elements));
	kmem_cache_free_bulk(c, 3, elements);
	pool = mempool_create_slab_pool(2, c);
	pr_info("pool %d\n", !!pool);
	pr_info("resize %d\n", mempool_resize(pool, 3));
	for (i = 0; i < 3; i++)
		elements[i] = mempool_alloc(pool, GFP_NOWAIT);
	pr_info("elements %d\n", elements[0] && elements[1] && elements[2]);
	for (i = 0; i < 3; i++)
		mempool_free(elements[i], pool);
	mempool_free(NULL, pool);
	mempool_destroy(pool);
	mempool_destroy(NULL);
	kmem_cache_destroy(c);
	d = kmem_cache_create_usercopy("kloom_user", 64, 0, 0, 8, 16, NULL);
	pr_info("usercopy %d\n", !!d);
	kmem_cache_destroy(d);
	pr_info("array overflow %d\n", kmalloc_array(SIZE_MAX, 2, GFP_KERNEL) == NULL);
	pr_info("kcalloc of 0 %d\n", kcalloc(0, 8, GFP_KERNEL) == ZERO_SIZE_PTR);
	p = kmalloc(16, GFP_KERNEL);
	q = krealloc(p, 0, GFP_KERNEL);
	pr_info("krealloc to 0 %d\n", q == ZERO_SIZE_PTR);
	p = krealloc(NULL, 10, GFP_KERNEL);
	pr_info("krealloc of NULL %d\n", !!p);
	pr_info("krealloc_array overflow %d\n", krealloc_array(p, SIZE_MAX, 4, GFP_KERNEL) == NULL);
	kfree(p);
	pr_info("kmemdup of 0 %d\n", kmemdup("", 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	pr_info("kstrdup NULL %d\n", kstrdup(NULL, GFP_KERNEL) == NULL);
	s = kstrndup("abc", 2, GFP_KERNEL);
	pr_info("kstrndup '%s'\n", s);
	kfree(s);
	pr_info("pages of order 11 %d\n", alloc_pages(GFP_KERNEL | __GFP_NOWARN, 11) == NULL);
	pr_info("free pages %d\n", !!(p = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 1)));
	free_pages((unsigned long)p, 1);
	free_page(0);
	pr_info("percpu too big %d\n", __alloc_percpu(PAGE_SIZE * 64, 8) == NULL);
	kvfree(NULL);
	vfree(NULL);
	kfree_const(NULL);
	pr_info("ZERO_OR_NULL %d %d\n", ZERO_OR_NULL_PTR(NULL), ZERO_OR_NULL_PTR(ZERO_SIZE_PTR));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
