//! The second engine: the same module on a real Linux in QEMU.
