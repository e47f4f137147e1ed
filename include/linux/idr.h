//! Small numbers for pointers.
#ifndef KLOOM_LINUX_IDR_H
#define KLOOM_LINUX_IDR_H
#include <linux/radix-tree.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
struct idr { struct kloom_object obj; };
struct ida { struct kloom_object obj; };
#define IDR_INIT(name) { .obj = KLOOM_OBJECT_INIT(IDR) }
#define DEFINE_IDR(name) struct idr name = IDR_INIT(name)
#define IDA_INIT(name) { .obj = KLOOM_OBJECT_INIT(IDA) }
#define DEFINE_IDA(name) struct ida name = IDA_INIT(name)
void kloom_idr_init(struct idr *idr); //@4n (re)initialises
int idr_alloc_u32(struct idr *idr, void *ptr, u32 *nextid, unsigned long max, gfp_t gfp); //@4gs the lowest free id from *nextid to max, written there; -ENOMEM, -ENOSPC
int idr_alloc(struct idr *idr, void *ptr, int start, int end, gfp_t gfp); //@4gs the lowest free id in [start, end) (end 0: no bound); -ENOMEM, -ENOSPC
int idr_alloc_cyclic(struct idr *idr, void *ptr, int start, int end, gfp_t gfp); //@4s the next id after the last one
void *idr_find(const struct idr *idr, unsigned long id); //@4gn the pointer or NULL
void *idr_remove(struct idr *idr, unsigned long id); //@4ga takes it out: the pointer or NULL
void *idr_replace(struct idr *idr, void *ptr, unsigned long id); //@4s the former pointer, or ERR_PTR(-ENOENT)
int idr_for_each(const struct idr *idr, int (*fn)(int id, void *p, void *data), void *data); //@4n calls fn in order until non-zero
void *idr_get_next(struct idr *idr, int *nextid); //@4n the entry at or above *nextid
void idr_destroy(struct idr *idr); //@4n drops all ids
bool kloom_idr_is_empty(const struct idr *idr); //@4n true without entries
void kloom_ida_init(struct ida *ida); //@4n (re)initialises
int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp); //@4s the lowest free id in [min, max]; -ENOMEM, -ENOSPC
void ida_free(struct ida *ida, unsigned int id); //@4a gives it back
void ida_destroy(struct ida *ida); //@4n drops all ids
#define idr_init(i) kloom_idr_init(i)
#define idr_init_base(i, b) kloom_idr_init(i)
#define idr_is_empty(i) kloom_idr_is_empty(i)
#define idr_preload(gfp) do { } while (0)
#define idr_preload_end() do { } while (0)
#define idr_for_each_entry(idr, entry, id) for (id = 0; ((entry) = idr_get_next(idr, (int *)&(id))) != NULL; id++)
#define ida_init(i) kloom_ida_init(i)
#define ida_alloc(i, gfp) ida_alloc_range((i), 0, ~0, (gfp))
#define ida_alloc_max(i, max, gfp) ida_alloc_range((i), 0, (max), (gfp))
#define ida_alloc_min(i, min, gfp) ida_alloc_range((i), (min), ~0, (gfp))
#define ida_simple_get(i, start, end, gfp) ida_alloc_range((i), (start), (end) ? (end) - 1 : ~0, (gfp))
#define ida_simple_remove(i, id) ida_free((i), (id))
#endif
