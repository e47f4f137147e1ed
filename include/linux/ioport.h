//! Regions of address space.
#ifndef KLOOM_LINUX_IOPORT_H
#define KLOOM_LINUX_IOPORT_H
#include <linux/types.h>
struct resource { resource_size_t start, end; const char *name; unsigned long flags; struct resource *parent, *sibling, *child; };
#define IORESOURCE_IO 0x00000100
#define IORESOURCE_MEM 0x00000200
#define IORESOURCE_IRQ 0x00000400
#define IORESOURCE_DMA 0x00000800
struct resource *kloom_request_region(resource_size_t start, resource_size_t n, const char *name, int is_memory); //@4s claims ports or memory; NULL when taken
void kloom_release_region(resource_size_t start, resource_size_t n, int is_memory); //@4n gives them back
#define request_region(start, n, name) kloom_request_region((start), (n), (name), 0)
#define release_region(start, n) kloom_release_region((start), (n), 0)
#define request_mem_region(start, n, name) kloom_request_region((start), (n), (name), 1)
#define release_mem_region(start, n) kloom_release_region((start), (n), 1)
#define check_region(start, n) 0
static inline resource_size_t resource_size(const struct resource *res) { return res->end - res->start + 1; }
#endif
