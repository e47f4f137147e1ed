//! Pages and mappings.
#ifndef KLOOM_LINUX_MM_H
#define KLOOM_LINUX_MM_H
#include <linux/errno.h>
#include <linux/bug.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/gfp.h>
#include <linux/rbtree.h>
#include <linux/atomic.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/kref.h>
#include <asm/pgtable.h>
struct file;
struct vm_operations_struct {
	void (*open)(struct vm_area_struct *area);
	void (*close)(struct vm_area_struct *area);
	vm_fault_t (*fault)(struct vm_fault *vmf);
	vm_fault_t (*page_mkwrite)(struct vm_fault *vmf);
	int (*access)(struct vm_area_struct *vma, unsigned long addr, void *buf, int len, int write);
	const char *(*name)(struct vm_area_struct *vma);
};
#define VM_READ 0x1UL
#define VM_WRITE 0x2UL
#define VM_EXEC 0x4UL
#define VM_SHARED 0x8UL
#define VM_MAYREAD 0x10UL
#define VM_MAYWRITE 0x20UL
#define VM_MAYEXEC 0x40UL
#define VM_MAYSHARE 0x80UL
#define VM_PFNMAP 0x400UL
#define VM_LOCKED 0x2000UL
#define VM_IO 0x4000UL
#define VM_DONTCOPY 0x20000UL
#define VM_DONTEXPAND 0x40000UL
#define VM_DONTDUMP 0x4000000UL
#define VM_MIXEDMAP 0x10000000UL
#define VM_RESERVED (VM_DONTEXPAND | VM_DONTDUMP)
#define FOLL_WRITE 1
#define FOLL_FORCE 0x10
struct sysinfo { long uptime; unsigned long loads[3]; unsigned long totalram, freeram, sharedram, bufferram, totalswap, freeswap; unsigned short procs, pad; unsigned long totalhigh, freehigh; unsigned int mem_unit; };
void *kloom_page_address(const struct page *page); //@4n the kernel address of a page
unsigned long kloom_page_to_pfn(const struct page *page); //@4n its number
struct page *kloom_pfn_to_page(unsigned long pfn); //@4n the page of a number
int kloom_pfn_valid(unsigned long pfn); //@4n 1 for a page of RAM
void kloom_get_page(struct page *page); //@4n takes a reference
void kloom_put_page(struct page *page); //@4a drops a reference; the last frees
int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, unsigned long size, pgprot_t prot); //@4s maps pages to user space; -ENODEV: not supported, said clearly
int vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page); //@4s maps a page to user space; -ENODEV
int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff); //@4s maps vmalloc memory to user space; -ENODEV
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr); //@4n the area at or above an address
void si_meminfo(struct sysinfo *val); //@4n memory of the machine
extern unsigned long totalram_pages_kloom; //@4n pages of RAM
#define totalram_pages() totalram_pages_kloom
#define page_address(p) kloom_page_address(p)
#define page_to_pfn(p) kloom_page_to_pfn(p)
#define pfn_to_page(n) kloom_pfn_to_page(n)
#define pfn_valid(n) kloom_pfn_valid(n)
#define page_to_phys(p) ((phys_addr_t)page_to_pfn(p) << PAGE_SHIFT)
#define phys_to_page(x) pfn_to_page((unsigned long)((x) >> PAGE_SHIFT))
#define get_page(p) kloom_get_page(p)
#define put_page(p) kloom_put_page(p)
#define page_count(p) atomic_read(&(p)->_refcount)
#define SetPageReserved(p) set_bit(10, &(p)->flags)
#define ClearPageReserved(p) clear_bit(10, &(p)->flags)
#define PageReserved(p) test_bit(10, &(p)->flags)
#define lowmem_page_address(p) page_address(p)
static inline int get_order(unsigned long size) { size = (size - 1) >> PAGE_SHIFT; return fls64(size); }
static inline unsigned long vma_pages(struct vm_area_struct *vma) { return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT; }
#define mmap_read_lock(mm) down_read(&(mm)->mmap_lock)
#define mmap_read_unlock(mm) up_read(&(mm)->mmap_lock)
#define mmap_write_lock(mm) down_write(&(mm)->mmap_lock)
#define mmap_write_unlock(mm) up_write(&(mm)->mmap_lock)
#define vm_flags_set(vma, f) ((void)((vma)->vm_flags |= (f)))
#define vm_flags_clear(vma, f) ((void)((vma)->vm_flags &= ~(f)))
#define get_mm_rss(mm) 0UL
#define offset_in_folio(f, p) offset_in_page(p)
struct shrink_control { gfp_t gfp_mask; int nid; unsigned long nr_to_scan, nr_scanned; };
struct shrinker { unsigned long (*count_objects)(struct shrinker *, struct shrink_control *); unsigned long (*scan_objects)(struct shrinker *, struct shrink_control *); long batch; int seeks; unsigned flags; };
#define DEFAULT_SEEKS 2
#define SHRINK_STOP (~0UL)
int kloom_register_shrinker(struct shrinker *s); //@4s accepted; never called
void unregister_shrinker(struct shrinker *s); //@4s undoes it
#define register_shrinker(s, ...) kloom_register_shrinker(s)
#endif
