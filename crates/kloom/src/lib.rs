//! Run, explain and check Linux kernel-thread modules without a kernel.
