//! Arrays of pointers by unsigned long.
#ifndef KLOOM_LINUX_XARRAY_H
#define KLOOM_LINUX_XARRAY_H
#include <linux/types.h>
#include <linux/spinlock.h>
#include <linux/gfp_types.h>
struct xarray { struct kloom_object obj; spinlock_t xa_lock; gfp_t xa_flags; };
typedef unsigned xa_mark_t;
struct xa_limit { u32 max; u32 min; };
#define XA_LIMIT(_min, _max) (struct xa_limit){ .min = _min, .max = _max }
#define xa_limit_32b XA_LIMIT(0, UINT_MAX)
#define xa_limit_31b XA_LIMIT(0, INT_MAX)
#define XA_FLAGS_ALLOC 4u
#define XA_FLAGS_ALLOC1 12u
#define XA_MARK_0 0u
#define XA_MARK_1 1u
#define XA_MARK_2 2u
#define XA_PRESENT 8u
#define XARRAY_INIT(name, flags) { .obj = KLOOM_OBJECT_INIT(XARRAY), .xa_lock = __SPIN_LOCK_INITIALIZER(name.xa_lock), .xa_flags = (flags) }
#define DEFINE_XARRAY_FLAGS(name, flags) struct xarray name = XARRAY_INIT(name, flags)
#define DEFINE_XARRAY(name) DEFINE_XARRAY_FLAGS(name, 0)
#define DEFINE_XARRAY_ALLOC(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC)
#define DEFINE_XARRAY_ALLOC1(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC1)
void kloom_xa_init(struct xarray *xa, gfp_t flags); //@4n (re)initialises
void *xa_load(struct xarray *xa, unsigned long index); //@4n the entry or NULL
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp); //@4s the former entry, or an error entry
void *xa_erase(struct xarray *xa, unsigned long index); //@4a takes it out: the former entry
int kloom_xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp); //@4s stores if empty; -EBUSY, -ENOMEM
int kloom_xa_alloc(struct xarray *xa, u32 *id, void *entry, u32 min, u32 max, gfp_t gfp); //@4s stores at the lowest free index in bounds; -EBUSY, -ENOMEM
void *kloom_xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp); //@4s stores if the entry is old; the former entry
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter); //@4n the first entry at or above *index
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter); //@4n the first entry above *index
void xa_destroy(struct xarray *xa); //@4n drops all entries
bool kloom_xa_empty(const struct xarray *xa); //@4n true without entries
void xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark); //@4n sets a mark
void xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark); //@4n clears a mark
bool xa_get_mark(struct xarray *xa, unsigned long index, xa_mark_t mark); //@4n true if marked
#define xa_init(xa) kloom_xa_init((xa), 0)
#define xa_init_flags(xa, flags) kloom_xa_init((xa), (flags))
#define xa_empty(xa) kloom_xa_empty(xa)
#define xa_insert(xa, i, e, gfp) kloom_xa_insert((xa), (i), (e), (gfp))
#define xa_alloc(xa, id, e, limit, gfp) ({ struct xa_limit __xl = (limit); kloom_xa_alloc((xa), (id), (e), __xl.min, __xl.max, (gfp)); })
int kloom_xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, u64 bounds, u32 *next, gfp_t gfp); //@4s as xa_alloc from *next on; 1 after the wrap
void kloom_xa_release(struct xarray *xa, unsigned long index); //@4n gives back a reserved index
#define xa_alloc_cyclic(xa, id, e, limit, next, gfp) ({ struct xa_limit __xl = (limit); kloom_xa_alloc_cyclic((xa), (id), (e), (u64)__xl.max << 32 | __xl.min, (next), (gfp)); })
#define xa_reserve(xa, i, gfp) ({ int __xr = kloom_xa_insert((xa), (i), NULL, (gfp)); __xr == -EBUSY ? 0 : __xr; })
#define xa_release(xa, i) kloom_xa_release((xa), (i))
#define xa_cmpxchg(xa, i, o, e, gfp) kloom_xa_cmpxchg((xa), (i), (o), (e), (gfp))
#define xa_lock(xa) spin_lock(&(xa)->xa_lock)
#define xa_unlock(xa) spin_unlock(&(xa)->xa_lock)
#define xa_lock_irq(xa) spin_lock_irq(&(xa)->xa_lock)
#define xa_unlock_irq(xa) spin_unlock_irq(&(xa)->xa_lock)
#define xa_for_each_range(xa, index, entry, start, last) \
	for (index = start, entry = xa_find((xa), &index, (last), XA_PRESENT); entry; entry = xa_find_after((xa), &index, (last), XA_PRESENT))
#define xa_for_each_start(xa, index, entry, start) xa_for_each_range(xa, index, entry, start, ULONG_MAX)
#define xa_for_each(xa, index, entry) xa_for_each_start(xa, index, entry, 0)
static inline void *xa_mk_value(unsigned long v) { return (void *)((v << 1) | 1); }
static inline unsigned long xa_to_value(const void *entry) { return (unsigned long)entry >> 1; }
static inline bool xa_is_value(const void *entry) { return (unsigned long)entry & 1; }
static inline bool xa_is_err(const void *entry) { return ((unsigned long)entry & 3) == 2 && entry >= (void *)(((unsigned long)-4095 << 2) | 2); }
static inline int xa_err(void *entry) { return xa_is_err(entry) ? (long)entry >> 2 : 0; }
#endif
