/* Numbers, arrays and trees that are full, empty or asked for wrongly */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/idr.h>
#include <linux/xarray.h>
#include <linux/kfifo.h>
#include <linux/slab.h>
#include <linux/radix-tree.h>
#include <linux/err.h>
#include <linux/percpu_counter.h>

static DEFINE_IDR(idr);
static DEFINE_IDA(ida);
static DEFINE_XARRAY_ALLOC(xa);
static DEFINE_XARRAY(plain);
static RADIX_TREE(tree, GFP_KERNEL);
static int a, b, seen;
static int each(int id, void *p, void *data)
{
	seen++;
	return id == 7 ? -EXDEV : 0;
}
static int __init start(void)
{
	struct kfifo fifo;
	unsigned char buf[8] = "abcdefg";
	u32 id, next = 0;
	void *p;

	pr_info("negative start %d\n", idr_alloc(&idr, &a, -3, 5, GFP_KERNEL));
	pr_info("end below start %d\n", idr_alloc(&idr, &a, 5, 3, GFP_KERNEL));
	pr_info("alloc %d %d\n", idr_alloc(&idr, &a, 7, 8, GFP_KERNEL), idr_alloc(&idr, &a, 7, 8, GFP_KERNEL));
	id = 3;
	pr_info("u32 %d %u\n", idr_alloc_u32(&idr, &b, &id, 3, GFP_KERNEL), id);
	pr_info("u32 taken %d\n", idr_alloc_u32(&idr, &b, &id, 3, GFP_KERNEL));
	pr_info("NULL %d found %d\n", idr_alloc(&idr, NULL, 9, 10, GFP_KERNEL), idr_find(&idr, 9) == NULL);
	pr_info("for_each %d seen %d\n", idr_for_each(&idr, each, NULL), seen);
	seen = 8;
	p = idr_get_next(&idr, &seen);
	pr_info("next %d %d\n", p == NULL, seen);
	pr_info("remove %d none %d\n", idr_remove(&idr, 7) == &a, idr_remove(&idr, 7) == NULL);
	pr_info("replace none %ld\n", PTR_ERR(idr_replace(&idr, &a, 7)));
	idr_destroy(&idr);
	pr_info("ida %d\n", ida_alloc_min(&ida, 5, GFP_KERNEL));
	pr_info("ida max %d\n", ida_alloc_max(&ida, -2, GFP_KERNEL));
	pr_info("ida range %d\n", ida_alloc_range(&ida, 9, 8, GFP_KERNEL));
	ida_free(&ida, 9);
	ida_free(&ida, 5);
	ida_destroy(&ida);
	pr_info("insert NULL %d\n", xa_insert(&plain, 1, NULL, GFP_KERNEL));
	pr_info("insert reserved %d\n", xa_insert(&plain, 1, &a, GFP_KERNEL));
	pr_info("store error %ld\n", (long)xa_err(xa_store(&plain, 5, (void *)6L, GFP_KERNEL)));
	pr_info("reserve %d\n", xa_reserve(&plain, 4, GFP_KERNEL));
	xa_release(&plain, 4);
	pr_info("value %lu is %d\n", xa_to_value(xa_mk_value(77)), xa_is_value(xa_mk_value(77)));
	pr_info("cmpxchg %d\n", xa_cmpxchg(&plain, 5, NULL, &a, GFP_KERNEL) == NULL);
	xa_destroy(&plain);
	pr_info("alloc %d %u\n", xa_alloc(&xa, &id, &a, XA_LIMIT(1, 1), GFP_KERNEL), id);
	pr_info("full %d\n", xa_alloc(&xa, &id, &a, XA_LIMIT(1, 1), GFP_KERNEL));
	pr_info("cyclic %d %u\n", xa_alloc_cyclic(&xa, &id, &a, XA_LIMIT(1, 3), &next, GFP_KERNEL), id);
	pr_info("cyclic %d %u\n", xa_alloc_cyclic(&xa, &id, &a, XA_LIMIT(1, 3), &next, GFP_KERNEL), id);
	pr_info("cyclic %d\n", xa_alloc_cyclic(&xa, &id, &a, XA_LIMIT(1, 3), &next, GFP_KERNEL));
	xa_destroy(&xa);
	pr_info("tree %d again %d\n", radix_tree_insert(&tree, 3, &a), radix_tree_insert(&tree, 3, &b));
	pr_info("delete %d none %d\n", radix_tree_delete(&tree, 3) == &a, radix_tree_delete(&tree, 3) == NULL);
	pr_info("fifo of 0 %d\n", kfifo_alloc(&fifo, 0, GFP_KERNEL));
	pr_info("fifo of 1 %d\n", kfifo_alloc(&fifo, 1, GFP_KERNEL));
	pr_info("fifo of 5 %d\n", kfifo_alloc(&fifo, 5, GFP_KERNEL));
	pr_info("size %u\n", kfifo_size(&fifo));
	pr_info("in %u %u out %u\n", kfifo_in(&fifo, buf, 3), kfifo_in(&fifo, buf, 7), kfifo_out(&fifo, buf, 8));
	pr_info("skip of empty, peek %u\n", kfifo_out_peek(&fifo, buf, 2));
	kfifo_free(&fifo);
	pr_info("init bad size %d\n", kfifo_init(&fifo, buf, 7));
	pr_info("init 1 %d\n", kfifo_init(&fifo, buf, 1));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
