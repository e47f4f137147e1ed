//! Page allocation.
#ifndef KLOOM_LINUX_GFP_H
#define KLOOM_LINUX_GFP_H
#include <linux/gfp_types.h>
#include <linux/mmzone.h>
#include <linux/topology.h>
#include <asm/page.h>
struct page;
struct page *__alloc_pages(gfp_t gfp, unsigned int order, int preferred_nid, void *nodemask); //@4s 2^order pages or NULL; may sleep as gfp says
void __free_pages(struct page *page, unsigned int order); //@4a frees them
unsigned long __get_free_pages(gfp_t gfp_mask, unsigned int order); //@4s as __alloc_pages, their address or 0
unsigned long get_zeroed_page(gfp_t gfp_mask); //@4s one page of zeroes or 0
void free_pages(unsigned long addr, unsigned int order); //@4a frees by address; 0 allowed
void *alloc_pages_exact(size_t size, gfp_t gfp_mask); //@4s whole pages for size bytes or NULL
void free_pages_exact(void *virt, size_t size); //@4a frees them
#define alloc_pages(gfp, order) __alloc_pages((gfp), (order), 0, NULL)
#define alloc_pages_node(nid, gfp, order) __alloc_pages((gfp), (order), (nid), NULL)
#define alloc_page(gfp) alloc_pages((gfp), 0)
#define __get_free_page(gfp) __get_free_pages((gfp), 0)
#define __get_dma_pages(gfp, order) __get_free_pages((gfp) | GFP_DMA, (order))
#define __free_page(page) __free_pages((page), 0)
#define free_page(addr) free_pages((addr), 0)
static inline bool gfpflags_allow_blocking(const gfp_t gfp_flags) { return !!(gfp_flags & __GFP_DIRECT_RECLAIM); }
#endif
