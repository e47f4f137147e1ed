//! The arena that modules live in: images, heap, stacks, coroutines, host faults.
