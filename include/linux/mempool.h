//! Pools that keep a reserve.
#ifndef KLOOM_LINUX_MEMPOOL_H
#define KLOOM_LINUX_MEMPOOL_H
#include <linux/wait.h>
#include <linux/compiler.h>
#include <linux/slab.h>
typedef void *(mempool_alloc_t)(gfp_t gfp_mask, void *pool_data);
typedef void (mempool_free_t)(void *element, void *pool_data);
typedef struct mempool_s {
	spinlock_t lock;
	int min_nr, curr_nr;
	void **elements;
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	wait_queue_head_t wait;
} mempool_t;
mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn, void *pool_data); //@4s a pool with min_nr elements in reserve; NULL
int mempool_resize(mempool_t *pool, int new_min_nr); //@4s changes the reserve; 0 or -ENOMEM
void mempool_destroy(mempool_t *pool); //@4s frees the pool; NULL allowed
void *mempool_alloc(mempool_t *pool, gfp_t gfp_mask); //@4s an element; waits for one rather than fail when it may sleep
void mempool_free(void *element, mempool_t *pool); //@4a gives an element back
void *mempool_alloc_slab(gfp_t gfp_mask, void *pool_data); //@4s from the kmem_cache pool_data
void mempool_free_slab(void *element, void *pool_data); //@4a to the kmem_cache pool_data
void *mempool_kmalloc(gfp_t gfp_mask, void *pool_data); //@4s kmalloc of (size_t)pool_data bytes
void mempool_kfree(void *element, void *pool_data); //@4a kfree
#define mempool_create_slab_pool(n, kc) mempool_create((n), mempool_alloc_slab, mempool_free_slab, (void *)(kc))
#define mempool_create_kmalloc_pool(n, size) mempool_create((n), mempool_kmalloc, mempool_kfree, (void *)(size))
#endif
