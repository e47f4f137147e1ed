//! Radix trees, which are xarrays by another name since Linux 4.20.
#ifndef KLOOM_LINUX_RADIX_TREE_H
#define KLOOM_LINUX_RADIX_TREE_H
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/preempt.h>
#include <linux/xarray.h>
#define radix_tree_root xarray
#define RADIX_TREE_MAX_TAGS 3
#define RADIX_TREE_INIT(name, mask) XARRAY_INIT(name, mask)
#define RADIX_TREE(name, mask) struct radix_tree_root name = RADIX_TREE_INIT(name, mask)
#define INIT_RADIX_TREE(root, mask) xa_init_flags((root), (mask))
static inline bool radix_tree_empty(const struct radix_tree_root *root) { return xa_empty(root); }
static inline int radix_tree_insert(struct radix_tree_root *root, unsigned long index, void *item)
{
	int ret = xa_insert(root, index, item, GFP_ATOMIC);

	return ret == -EBUSY ? -EEXIST : ret;
}
static inline void *radix_tree_lookup(const struct radix_tree_root *root, unsigned long index)
{
	return xa_load((struct xarray *)root, index);
}
static inline void *radix_tree_delete(struct radix_tree_root *root, unsigned long index)
{
	return xa_erase(root, index);
}
static inline void *radix_tree_delete_item(struct radix_tree_root *root, unsigned long index, void *item)
{
	void *found = xa_load(root, index);

	return item && found != item ? NULL : xa_erase(root, index);
}
static inline void *radix_tree_tag_set(struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
	xa_set_mark(root, index, (xa_mark_t)tag);
	return xa_load(root, index);
}
static inline void *radix_tree_tag_clear(struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
	xa_clear_mark(root, index, (xa_mark_t)tag);
	return xa_load(root, index);
}
static inline int radix_tree_tag_get(const struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
	return xa_get_mark((struct xarray *)root, index, (xa_mark_t)tag);
}
static inline int radix_tree_tagged(const struct radix_tree_root *root, unsigned int tag)
{
	unsigned long index = 0;

	return xa_find((struct xarray *)root, &index, ULONG_MAX, (xa_mark_t)tag) != NULL;
}
static inline unsigned int radix_tree_gang_lookup(const struct radix_tree_root *root, void **results,
						  unsigned long first, unsigned int max)
{
	unsigned int count = 0;
	unsigned long index;
	void *entry;

	if (max)
		xa_for_each_start((struct xarray *)root, index, entry, first) {
			results[count++] = entry;
			if (count == max)
				break;
		}
	return count;
}
static inline unsigned int radix_tree_gang_lookup_tag(const struct radix_tree_root *root, void **results,
						      unsigned long first, unsigned int max, unsigned int tag)
{
	unsigned int count = 0;
	unsigned long index = first;
	void *entry = xa_find((struct xarray *)root, &index, ULONG_MAX, (xa_mark_t)tag);

	while (entry && count < max) {
		results[count++] = entry;
		entry = xa_find_after((struct xarray *)root, &index, ULONG_MAX, (xa_mark_t)tag);
	}
	return count;
}
/* What Linux sets aside for insertions in atomic context is not needed here; preemption is off in between, as there. */
static inline int radix_tree_preload(gfp_t gfp) { preempt_disable(); return 0; }
static inline int radix_tree_maybe_preload(gfp_t gfp) { preempt_disable(); return 0; }
static inline void radix_tree_preload_end(void) { preempt_enable(); }
#endif
