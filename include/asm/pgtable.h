//! Protection bits; page tables cannot be walked.
#ifndef KLOOM_ASM_PGTABLE_H
#define KLOOM_ASM_PGTABLE_H
#include <linux/mm_types.h>
#define PAGE_KERNEL ((pgprot_t){ 0x8000000000000163UL })
#define PAGE_SHARED ((pgprot_t){ 0x8000000000000067UL })
#define __pgprot(x) ((pgprot_t){ (x) })
#define pgprot_noncached(p) (p)
#define pgprot_writecombine(p) (p)
#endif
