//! Number of lines.
#ifndef KLOOM_LINUX_IRQNR_H
#define KLOOM_LINUX_IRQNR_H
#define NR_IRQS 256
#define nr_irqs NR_IRQS
#endif
