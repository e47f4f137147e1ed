//! Temporary mappings: every page has an address already.
#ifndef KLOOM_LINUX_HIGHMEM_H
#define KLOOM_LINUX_HIGHMEM_H
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/hardirq.h>
#define kmap(page) page_address(page)
#define kunmap(page) do { (void)(page); } while (0)
#define kmap_atomic(page) ({ preempt_disable(); page_address(page); })
#define kunmap_atomic(addr) do { (void)(addr); preempt_enable(); } while (0)
#define kmap_local_page(page) page_address(page)
#define kunmap_local(addr) do { (void)(addr); } while (0)
#endif
