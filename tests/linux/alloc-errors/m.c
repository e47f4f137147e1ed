/* Allocations that cannot be met */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

static int __init start(void)
{
	void *p = kmalloc(0, GFP_KERNEL);
	struct kmem_cache *c;
	pr_info("kmalloc(0) is ZERO_SIZE_PTR %d\n", p == ZERO_SIZE_PTR);
	kfree(p);
	kfree(NULL);
	pr_info("4 MiB %d\n", !!(p = kmalloc(4 << 20, GFP_KERNEL)));
	kfree(p);
	pr_info("quiet %d\n", !!kmalloc(64 << 20, GFP_KERNEL | __GFP_NOWARN));
	pr_info("huge %d\n", !!kmalloc(64UL << 20, GFP_KERNEL));
	pr_info("overflow %d\n", !!kmalloc_array(SIZE_MAX / 2, 4, GFP_KERNEL));
	pr_info("ksize %zu %zu %zu\n", ksize(kmalloc(1, GFP_KERNEL)), ksize(kmalloc(100, GFP_KERNEL)), ksize(kmalloc(5000, GFP_KERNEL)));
	pr_info("vmalloc(0) %d\n", !!vmalloc(0));
	c = kmem_cache_create("kloom_cache", 40, 0, 0, NULL);
	p = kmem_cache_alloc(c, GFP_KERNEL);
	pr_info("destroying a cache in use\n");
	kmem_cache_destroy(c);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
