//! Ports and device memory.
#ifndef KLOOM_ASM_IO_H
#define KLOOM_ASM_IO_H
#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/page.h>
void __iomem *ioremap(phys_addr_t offset, size_t size); //@4s NULL: there is no device memory
void iounmap(volatile void __iomem *addr); //@4s undoes ioremap; NULL allowed
unsigned int kloom_in(unsigned short port, int size); //@4n reads a port of size bytes: 0x60 gives the console's last scan code, others all ones
void kloom_out(unsigned int value, unsigned short port, int size); //@4n writes a port: no effect
#define ioremap_nocache(o, s) ioremap((o), (s))
#define ioremap_wc(o, s) ioremap((o), (s))
#define ioremap_cache(o, s) ioremap((o), (s))
#define readb(a) (*(const volatile u8 *)(a))
#define readw(a) (*(const volatile u16 *)(a))
#define readl(a) (*(const volatile u32 *)(a))
#define readq(a) (*(const volatile u64 *)(a))
#define writeb(v, a) ((void)(*(volatile u8 *)(a) = (v)))
#define writew(v, a) ((void)(*(volatile u16 *)(a) = (v)))
#define writel(v, a) ((void)(*(volatile u32 *)(a) = (v)))
#define writeq(v, a) ((void)(*(volatile u64 *)(a) = (v)))
#define readl_relaxed(a) readl(a)
#define writel_relaxed(v, a) writel(v, a)
#define __raw_readl(a) readl(a)
#define __raw_writel(v, a) writel(v, a)
#define ioread8(a) readb(a)
#define ioread16(a) readw(a)
#define ioread32(a) readl(a)
#define iowrite8(v, a) writeb(v, a)
#define iowrite16(v, a) writew(v, a)
#define iowrite32(v, a) writel(v, a)
#define memcpy_fromio(t, f, n) memcpy((t), (const void *)(f), (n))
#define memcpy_toio(t, f, n) memcpy((void *)(t), (f), (n))
#define memset_io(a, v, n) memset((void *)(a), (v), (n))
#define inb(p) ((u8)kloom_in((p), 1))
#define inw(p) ((u16)kloom_in((p), 2))
#define inl(p) ((u32)kloom_in((p), 4))
#define outb(v, p) kloom_out((v), (p), 1)
#define outw(v, p) kloom_out((v), (p), 2)
#define outl(v, p) kloom_out((v), (p), 4)
#define inb_p(p) inb(p)
#define outb_p(v, p) outb(v, p)
#define virt_to_phys(a) kloom_virt_to_phys((a))
#define phys_to_virt(a) kloom_phys_to_virt((a))
#define virt_to_bus(a) kloom_virt_to_phys((a))
#define bus_to_virt(a) kloom_phys_to_virt((a))
#endif
