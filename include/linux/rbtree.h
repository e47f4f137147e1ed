//! Red-black trees. The balancing follows the textbook (Cormen et al., chapter 13), with NULL as black leaf.
#ifndef KLOOM_LINUX_RBTREE_H
#define KLOOM_LINUX_RBTREE_H
#include <linux/container_of.h>
#include <linux/rbtree_types.h>
#include <linux/stddef.h>
#include <linux/rcupdate.h>
#define rb_parent(r) ((struct rb_node *)((r)->__rb_parent_color & ~3UL))
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member) ({ typeof(ptr) __rp = (ptr); __rp ? rb_entry(__rp, type, member) : NULL; })
#define RB_EMPTY_ROOT(root) (READ_ONCE((root)->rb_node) == NULL)
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node) ((node)->__rb_parent_color = (unsigned long)(node))
#define rb_first_cached(root) ((root)->rb_leftmost)
#define __kloom_rb_black(n) (!(n) || ((n)->__rb_parent_color & 1))
static inline void __kloom_rb_set_parent(struct rb_node *n, struct rb_node *p) { n->__rb_parent_color = (n->__rb_parent_color & 1) | (unsigned long)p; }
static inline void __kloom_rb_paint(struct rb_node *n, unsigned long black) { n->__rb_parent_color = (n->__rb_parent_color & ~1UL) | black; }
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **rb_link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = node->rb_right = NULL;
	*rb_link = node;
}
#define rb_link_node_rcu(n, p, l) rb_link_node(n, p, l)
static __maybe_unused void __kloom_rb_swap_child(struct rb_node *old, struct rb_node *new, struct rb_node *parent, struct rb_root *root)
{
	if (!parent)
		WRITE_ONCE(root->rb_node, new);
	else if (parent->rb_left == old)
		WRITE_ONCE(parent->rb_left, new);
	else
		WRITE_ONCE(parent->rb_right, new);
}
/* Lifts the child on the other side over n: left != 0 turns to the left. */
static __maybe_unused void __kloom_rb_rotate(struct rb_node *n, struct rb_root *root, int left)
{
	struct rb_node *up = left ? n->rb_right : n->rb_left, *parent = rb_parent(n);
	struct rb_node *inner = left ? up->rb_left : up->rb_right;
	if (left) { n->rb_right = inner; up->rb_left = n; } else { n->rb_left = inner; up->rb_right = n; }
	if (inner)
		__kloom_rb_set_parent(inner, n);
	__kloom_rb_swap_child(n, up, parent, root);
	__kloom_rb_set_parent(up, parent);
	__kloom_rb_set_parent(n, up);
}
static __maybe_unused void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent, *grand, *uncle;
	while ((parent = rb_parent(node)) && !__kloom_rb_black(parent)) {
		grand = rb_parent(parent);
		int left = parent == grand->rb_left;
		uncle = left ? grand->rb_right : grand->rb_left;
		if (!__kloom_rb_black(uncle)) {
			__kloom_rb_paint(parent, 1);
			__kloom_rb_paint(uncle, 1);
			__kloom_rb_paint(grand, 0);
			node = grand;
			continue;
		}
		if (node == (left ? parent->rb_right : parent->rb_left)) {
			node = parent;
			__kloom_rb_rotate(node, root, left);
			parent = rb_parent(node);
		}
		__kloom_rb_paint(parent, 1);
		__kloom_rb_paint(grand, 0);
		__kloom_rb_rotate(grand, root, !left);
	}
	__kloom_rb_paint(root->rb_node, 1);
}
static __maybe_unused void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *gap = node, *child, *parent;
	unsigned long black;
	if (node->rb_left && node->rb_right)
		for (gap = node->rb_right; gap->rb_left; gap = gap->rb_left) { }
	/* gap has at most one child: unlink it, then let it take node's place. */
	child = gap->rb_left ? gap->rb_left : gap->rb_right;
	parent = rb_parent(gap);
	black = gap->__rb_parent_color & 1;
	if (child)
		__kloom_rb_set_parent(child, parent);
	__kloom_rb_swap_child(gap, child, parent, root);
	if (gap != node) {
		if (parent == node)
			parent = gap;
		gap->rb_left = node->rb_left;
		gap->rb_right = node->rb_right;
		gap->__rb_parent_color = node->__rb_parent_color;
		__kloom_rb_swap_child(node, gap, rb_parent(node), root);
		if (gap->rb_left)
			__kloom_rb_set_parent(gap->rb_left, gap);
		if (gap->rb_right)
			__kloom_rb_set_parent(gap->rb_right, gap);
	}
	if (!black)
		return;
	/* One black too few below child: move the lack up until it can be made good. */
	while (parent && __kloom_rb_black(child)) {
		int left = child == parent->rb_left;
		struct rb_node *sib = left ? parent->rb_right : parent->rb_left;
		if (!__kloom_rb_black(sib)) {
			__kloom_rb_paint(sib, 1);
			__kloom_rb_paint(parent, 0);
			__kloom_rb_rotate(parent, root, left);
			sib = left ? parent->rb_right : parent->rb_left;
		}
		struct rb_node *near = left ? sib->rb_left : sib->rb_right, *far = left ? sib->rb_right : sib->rb_left;
		if (__kloom_rb_black(near) && __kloom_rb_black(far)) {
			__kloom_rb_paint(sib, 0);
			child = parent;
			parent = rb_parent(child);
			continue;
		}
		if (__kloom_rb_black(far)) {
			__kloom_rb_paint(near, 1);
			__kloom_rb_paint(sib, 0);
			__kloom_rb_rotate(sib, root, !left);
			sib = left ? parent->rb_right : parent->rb_left;
			far = left ? sib->rb_right : sib->rb_left;
		}
		__kloom_rb_paint(sib, parent->__rb_parent_color & 1);
		__kloom_rb_paint(parent, 1);
		__kloom_rb_paint(far, 1);
		__kloom_rb_rotate(parent, root, left);
		child = root->rb_node;
		break;
	}
	if (child)
		__kloom_rb_paint(child, 1);
}
static __maybe_unused struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;
	while (n && n->rb_left)
		n = n->rb_left;
	return n;
}
static __maybe_unused struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;
	while (n && n->rb_right)
		n = n->rb_right;
	return n;
}
static __maybe_unused struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *up;
	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_right) {
		node = node->rb_right;
		while (node->rb_left)
			node = node->rb_left;
		return (struct rb_node *)node;
	}
	while ((up = rb_parent(node)) && node == up->rb_right)
		node = up;
	return up;
}
static __maybe_unused struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *up;
	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_left) {
		node = node->rb_left;
		while (node->rb_right)
			node = node->rb_right;
		return (struct rb_node *)node;
	}
	while ((up = rb_parent(node)) && node == up->rb_left)
		node = up;
	return up;
}
static __maybe_unused void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root)
{
	*new = *victim;
	if (victim->rb_left)
		__kloom_rb_set_parent(victim->rb_left, new);
	if (victim->rb_right)
		__kloom_rb_set_parent(victim->rb_right, new);
	__kloom_rb_swap_child(victim, new, rb_parent(victim), root);
}
static __maybe_unused struct rb_node *__kloom_rb_deepest(const struct rb_node *n)
{
	for (;;) {
		if (n->rb_left)
			n = n->rb_left;
		else if (n->rb_right)
			n = n->rb_right;
		else
			return (struct rb_node *)n;
	}
}
static __maybe_unused struct rb_node *rb_first_postorder(const struct rb_root *root) { return root->rb_node ? __kloom_rb_deepest(root->rb_node) : NULL; }
static __maybe_unused struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	const struct rb_node *up;
	if (!node)
		return NULL;
	up = rb_parent(node);
	return up && node == up->rb_left && up->rb_right ? __kloom_rb_deepest(up->rb_right) : (struct rb_node *)up;
}
#define rbtree_postorder_for_each_entry_safe(pos, n, root, field) \
	for (pos = rb_entry_safe(rb_first_postorder(root), typeof(*pos), field); \
	     pos && ({ n = rb_entry_safe(rb_next_postorder(&pos->field), typeof(*pos), field); 1; }); pos = n)
static __maybe_unused void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}
static __maybe_unused struct rb_node *rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	struct rb_node *first = NULL;
	if (root->rb_leftmost == node)
		first = root->rb_leftmost = rb_next(node);
	rb_erase(node, &root->rb_root);
	return first;
}
static __always_inline void rb_add(struct rb_node *node, struct rb_root *tree, bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &tree->rb_node, *parent = NULL;
	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, tree);
}
static __always_inline struct rb_node *rb_find(const void *key, const struct rb_root *tree, int (*cmp)(const void *key, const struct rb_node *))
{
	struct rb_node *node = tree->rb_node;
	while (node) {
		int c = cmp(key, node);
		if (!c)
			return node;
		node = c < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}
#endif
