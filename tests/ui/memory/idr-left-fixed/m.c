/* Numbers, a pool of memory and memory per CPU are given back */
#include <linux/module.h>
#include <linux/idr.h>
#include <linux/mempool.h>
#include <linux/percpu.h>
#include <linux/xarray.h>

static DEFINE_IDR(idr);
static DEFINE_IDA(ida);
static DEFINE_XARRAY(array);
static int things[3];
static mempool_t *pool;
static int __percpu *numbers;

static int __init start(void)
{
	/* Number 0 alone needs no memory, nor do the first numbers of an ida. */
	pr_info("%d %d\n", idr_alloc(&idr, &things[0], 0, 0, GFP_KERNEL), ida_alloc(&ida, GFP_KERNEL));
	xa_store(&array, 0, &things[0], GFP_KERNEL);
	idr_alloc(&idr, &things[1], 0, 0, GFP_KERNEL);
	xa_store(&array, 7, &things[2], GFP_KERNEL);
	pool = mempool_create_kmalloc_pool(2, 100);
	numbers = alloc_percpu(int);
	return 0;
}

static void __exit finish(void)
{
	idr_destroy(&idr);
	xa_erase(&array, 7);
	mempool_destroy(pool);
	free_percpu(numbers);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
