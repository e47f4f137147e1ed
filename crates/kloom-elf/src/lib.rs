//! Kernel module objects: .ko bytes to a checked load plan.
