/* An allocation of several pages: its struct pages lie one after the other */
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/gfp.h>

static int __init start(void)
{
	struct page *pages = alloc_pages(GFP_KERNEL, 2);
	int i, right = 0;

	if (!pages)
		return -ENOMEM;
	for (i = 0; i < 4; i++) {
		char *at = page_address(pages + i);

		memset(at, i, PAGE_SIZE);
		right += at == (char *)page_address(pages) + i * PAGE_SIZE && virt_to_page(at) == pages + i &&
			 pfn_to_page(page_to_pfn(pages) + i) == pages + i;
	}
	pr_info("%d of 4 are in place, %d reference\n", right, page_count(pages));
	__free_pages(pages, 2);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
