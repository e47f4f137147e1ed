//! Linux as a value: tasks, scheduler, waiting, signals, printk, modules, /proc.
