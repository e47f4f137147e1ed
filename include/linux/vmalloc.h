//! Virtually contiguous memory.
#ifndef KLOOM_LINUX_VMALLOC_H
#define KLOOM_LINUX_VMALLOC_H
#include <linux/spinlock.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <asm/page.h>
void *vmalloc(unsigned long size); //@4s size bytes, page-aligned, or NULL
void *vzalloc(unsigned long size); //@4s as vmalloc, zeroed
void *vmalloc_user(unsigned long size); //@4s as vzalloc, fit to be mapped
void *vmalloc_node(unsigned long size, int node); //@4s as vmalloc
void *vzalloc_node(unsigned long size, int node); //@4s as vzalloc
void *vmalloc_32(unsigned long size); //@4s as vmalloc
void *__vmalloc(unsigned long size, gfp_t gfp_mask); //@4s as vmalloc with flags
void vfree(const void *addr); //@4s frees; NULL allowed
struct page *vmalloc_to_page(const void *addr); //@4n the page behind an address
unsigned long vmalloc_to_pfn(const void *addr); //@4n its number
void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot); //@4s maps pages in a row
void vunmap(const void *addr); //@4s undoes vmap
bool is_vmalloc_addr(const void *x); //@4n true for vmalloc memory
#define VM_MAP 4
#define VM_ALLOC 2
#endif
