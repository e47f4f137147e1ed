//! Memory for objects.
#ifndef KLOOM_LINUX_SLAB_H
#define KLOOM_LINUX_SLAB_H
#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/string.h>
struct kmem_cache;
#define SLAB_CONSISTENCY_CHECKS 0x00000100U
#define SLAB_RED_ZONE 0x00000400U
#define SLAB_POISON 0x00000800U
#define SLAB_HWCACHE_ALIGN 0x00002000U
#define SLAB_CACHE_DMA 0x00004000U
#define SLAB_STORE_USER 0x00010000U
#define SLAB_PANIC 0x00040000U
#define SLAB_TYPESAFE_BY_RCU 0x00080000U
#define SLAB_DESTROY_BY_RCU SLAB_TYPESAFE_BY_RCU
#define SLAB_MEM_SPREAD 0x00100000U
#define SLAB_TRACE 0x00200000U
#define SLAB_ACCOUNT 0x04000000U
#define SLAB_RECLAIM_ACCOUNT 0x00020000U
#define SLAB_TEMPORARY SLAB_RECLAIM_ACCOUNT
#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(x) ((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)
#define ARCH_KMALLOC_MINALIGN 8
#define KMALLOC_MAX_SIZE (1UL << 22)
#define KMALLOC_MIN_SIZE 8
void *__kmalloc(size_t size, gfp_t flags) __malloc; //@2s size bytes or NULL; may sleep only if flags allow; size 0 gives ZERO_SIZE_PTR
void *kloom_kmalloc_array(size_t n, size_t size, gfp_t flags) __malloc; //@2s n * size bytes or NULL, also when that overflows
void kfree(const void *objp); //@2a frees; NULL and ZERO_SIZE_PTR allowed
void kfree_sensitive(const void *objp); //@4a clears and frees
void *krealloc(const void *objp, size_t new_size, gfp_t flags); //@2s grows or shrinks, maybe elsewhere; NULL leaves the old block
size_t ksize(const void *objp); //@4n usable size of a block
void *kvmalloc_node(size_t size, gfp_t flags, int node) __malloc; //@2s kmalloc, or vmalloc when that is too big
void kvfree(const void *addr); //@2s frees what kvmalloc gave
void kvfree_sensitive(const void *addr, size_t len); //@4s clears and frees
void *kvrealloc(const void *p, size_t oldsize, size_t newsize, gfp_t flags); //@4s grows a kvmalloc block
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags, void (*ctor)(void *)); //@4s a cache of equal objects; NULL
struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size, unsigned int align, slab_flags_t flags, unsigned int useroffset, unsigned int usersize, void (*ctor)(void *)); //@4s as kmem_cache_create
void kmem_cache_destroy(struct kmem_cache *s); //@4s frees an empty cache; complains about objects left; NULL allowed
int kmem_cache_shrink(struct kmem_cache *s); //@4s frees unused slabs
void *kmem_cache_alloc(struct kmem_cache *s, gfp_t flags) __malloc; //@4s one object or NULL
void *kmem_cache_alloc_node(struct kmem_cache *s, gfp_t flags, int node) __malloc; //@4gs as kmem_cache_alloc
void kmem_cache_free(struct kmem_cache *s, void *objp); //@4a gives an object back
int kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t flags, size_t size, void **p); //@4s size objects: their number, or 0
void kmem_cache_free_bulk(struct kmem_cache *s, size_t size, void **p); //@4a gives objects back
unsigned int kmem_cache_size(struct kmem_cache *s); //@4n object size
const char *kloom_kmem_cache_name(struct kmem_cache *s); //@4n the cache's name
void kfree_const(const void *x); //@4a kfree for kstrdup_const
#define kmem_cache_name(s) kloom_kmem_cache_name(s)
#define kmalloc(size, flags) __kmalloc((size), (flags))
#define kmalloc_node(size, flags, node) ({ (void)(node); __kmalloc((size), (flags)); })
#define kzalloc(size, flags) __kmalloc((size), (flags) | __GFP_ZERO)
#define kzalloc_node(size, flags, node) ({ (void)(node); __kmalloc((size), (flags) | __GFP_ZERO); })
#define kmalloc_array(n, size, flags) kloom_kmalloc_array((n), (size), (flags))
#define kcalloc(n, size, flags) kloom_kmalloc_array((n), (size), (flags) | __GFP_ZERO)
#define kmalloc_array_node(n, size, flags, node) kmalloc_array(n, size, flags)
static inline void *krealloc_array(void *p, size_t n, size_t size, gfp_t flags)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : krealloc(p, bytes, flags);
}
#define kmalloc_track_caller(size, flags) __kmalloc((size), (flags))
#define kzfree(p) kfree_sensitive(p)
#define kvmalloc(size, flags) kvmalloc_node((size), (flags), NUMA_NO_NODE)
#define kvzalloc(size, flags) kvmalloc_node((size), (flags) | __GFP_ZERO, NUMA_NO_NODE)
#define kvmalloc_array(n, size, flags) kvmalloc_node(size_mul((n), (size)), (flags), NUMA_NO_NODE)
#define kvcalloc(n, size, flags) kvmalloc_node(size_mul((n), (size)), (flags) | __GFP_ZERO, NUMA_NO_NODE)
#define kmem_cache_zalloc(s, flags) kmem_cache_alloc((s), (flags) | __GFP_ZERO)
#define KMEM_CACHE(type, flags) kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), (flags), NULL)
#endif
