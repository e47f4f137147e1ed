//! Sorting lists.
#ifndef KLOOM_LINUX_LIST_SORT_H
#define KLOOM_LINUX_LIST_SORT_H
#include <linux/list.h>
typedef int (*list_cmp_func_t)(void *, const struct list_head *, const struct list_head *);
/* A stable merge of runs, bottom up: pending[k] holds a sorted run of 2^k nodes. */
static __maybe_unused struct list_head *__kloom_merge(void *priv, list_cmp_func_t cmp, struct list_head *a, struct list_head *b)
{
	struct list_head *head = NULL, **tail = &head;
	while (a && b) {
		if (cmp(priv, a, b) <= 0) { *tail = a; tail = &a->next; a = a->next; }
		else { *tail = b; tail = &b->next; b = b->next; }
	}
	*tail = a ? a : b;
	return head;
}
static __maybe_unused void list_sort(void *priv, struct list_head *head, list_cmp_func_t cmp)
{
	struct list_head *pending[48] = { NULL }, *list = head->next, *prev = head;
	int k, top = 0;
	if (list == head)
		return;
	head->prev->next = NULL;
	while (list) {
		struct list_head *run = list;
		list = list->next;
		run->next = NULL;
		for (k = 0; k < top && pending[k]; k++) { run = __kloom_merge(priv, cmp, pending[k], run); pending[k] = NULL; }
		if (k == top)
			top++;
		pending[k] = run;
	}
	for (list = NULL, k = 0; k < top; k++)
		if (pending[k])
			list = __kloom_merge(priv, cmp, pending[k], list);
	head->next = list;
	for (; list; prev = list, list = list->next)
		list->prev = prev;
	prev->next = head;
	head->prev = prev;
}
#endif
