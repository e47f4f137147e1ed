//! Page size and address arithmetic.
#ifndef KLOOM_ASM_PAGE_H
#define KLOOM_ASM_PAGE_H
#include <linux/const.h>
#include <linux/types.h>
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_OFFSET 0xffff888000000000UL
#define PAGE_ALIGN(addr) (((addr) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_ALIGNED(addr) (((unsigned long)(addr) & (PAGE_SIZE - 1)) == 0)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
phys_addr_t kloom_virt_to_phys(const volatile void *address); //@4n simulated physical address of a kernel address
void *kloom_phys_to_virt(phys_addr_t address); //@4n the kernel address of a simulated physical one
struct page *kloom_virt_to_page(const void *address); //@4n the page that holds a kernel address
#define __pa(x) kloom_virt_to_phys((const void *)(x))
#define __va(x) kloom_phys_to_virt((phys_addr_t)(x))
#define virt_to_page(x) kloom_virt_to_page((const void *)(x))
#define virt_to_pfn(x) (__pa(x) >> PAGE_SHIFT)
#define virt_addr_valid(x) (kloom_virt_to_page((const void *)(x)) != NULL)
#define clear_page(p) __builtin_memset((p), 0, PAGE_SIZE)
#define copy_page(to, from) __builtin_memcpy((to), (from), PAGE_SIZE)
#endif
