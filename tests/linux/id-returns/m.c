/* What idr, ida, xarray and kfifo give */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/idr.h>
#include <linux/xarray.h>
#include <linux/kfifo.h>

static DEFINE_IDR(idr);
static DEFINE_IDA(ida);
static DEFINE_XARRAY_ALLOC(xa);
static DEFINE_KFIFO(fifo, int, 4);
static int a, b;
static int __init start(void)
{
	u32 id;
	int v = 0, i, ret;

	pr_info("idr %d\n", idr_alloc(&idr, &a, 0, 0, GFP_KERNEL));
	pr_info("idr %d\n", idr_alloc(&idr, &b, 5, 7, GFP_KERNEL));
	pr_info("idr %d\n", idr_alloc(&idr, &b, 5, 7, GFP_KERNEL));
	pr_info("idr full %d bad %d\n", idr_alloc(&idr, &b, 5, 7, GFP_KERNEL), idr_find(&idr, 6) == &b);
	pr_info("cyclic %d %d\n", idr_alloc_cyclic(&idr, &a, 1, 4, GFP_KERNEL), idr_alloc_cyclic(&idr, &a, 1, 4, GFP_KERNEL));
	pr_info("find %d none %d\n", idr_find(&idr, 0) == &a, idr_find(&idr, 99) == NULL);
	pr_info("replace %d none %ld\n", idr_replace(&idr, &b, 0) == &a, PTR_ERR(idr_replace(&idr, &b, 99)));
	pr_info("remove %d none %d\n", idr_remove(&idr, 0) == &b, idr_remove(&idr, 0) == NULL);
	pr_info("empty %d\n", idr_is_empty(&idr));
	idr_destroy(&idr);
	pr_info("empty %d\n", idr_is_empty(&idr));
	pr_info("ida %d %d range %d full %d\n", ida_alloc(&ida, GFP_KERNEL), ida_alloc(&ida, GFP_KERNEL),
		ida_alloc_range(&ida, 7, 7, GFP_KERNEL), ida_alloc_range(&ida, 7, 7, GFP_KERNEL));
	ida_free(&ida, 0);
	pr_info("ida again %d\n", ida_alloc(&ida, GFP_KERNEL));
	ida_destroy(&ida);
	ret = xa_alloc(&xa, &id, &a, XA_LIMIT(3, 4), GFP_KERNEL);
	pr_info("xa %d %u\n", ret, id);
	ret = xa_alloc(&xa, &id, &a, XA_LIMIT(3, 4), GFP_KERNEL);
	pr_info("xa %d %u\n", ret, id);
	ret = xa_alloc(&xa, &id, &a, XA_LIMIT(3, 4), GFP_KERNEL);
	pr_info("xa full %d\n", ret);
	pr_info("insert %d busy %d\n", xa_insert(&xa, 9, &a, GFP_KERNEL), xa_insert(&xa, 9, &b, GFP_KERNEL));
	pr_info("load %d store gives old %d erase %d\n", xa_load(&xa, 9) == &a, xa_store(&xa, 9, &b, GFP_KERNEL) == &a, xa_erase(&xa, 9) == &b);
	pr_info("is_err %d err %d\n", xa_is_err(NULL), xa_err(NULL));
	xa_destroy(&xa);
	pr_info("xa empty %d\n", xa_empty(&xa));
	for (i = 0; i < 6; i++)
		pr_info("put %d: %u\n", i, kfifo_put(&fifo, i));
	pr_info("len %u avail %u full %d peek %u\n", kfifo_len(&fifo), kfifo_avail(&fifo), kfifo_is_full(&fifo), kfifo_peek(&fifo, &v));
	while (kfifo_get(&fifo, &v))
		pr_info("got %d\n", v);
	pr_info("empty %d\n", kfifo_is_empty(&fifo));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
