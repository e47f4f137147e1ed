//! Circular buffers of a power of two bytes.
#ifndef KLOOM_LINUX_CIRC_BUF_H
#define KLOOM_LINUX_CIRC_BUF_H
struct circ_buf { char *buf; int head; int tail; };
#define CIRC_CNT(head, tail, size) (((head) - (tail)) & ((size) - 1))
#define CIRC_SPACE(head, tail, size) CIRC_CNT((tail), ((head) + 1), (size))
#define CIRC_CNT_TO_END(head, tail, size) ({ int __ce = (size) - (tail); int __cn = ((head) + __ce) & ((size) - 1); __cn < __ce ? __cn : __ce; })
#define CIRC_SPACE_TO_END(head, tail, size) ({ int __ce = (size) - 1 - (head); int __cn = (__ce + (tail)) & ((size) - 1); __cn <= __ce ? __cn : __ce + 1; })
#endif
