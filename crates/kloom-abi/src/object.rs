//! The handle inside every C object whose logic lives in kloom (`include/kloom/object.h`).

/// The first member of `struct mutex`, `spinlock_t`, wait queue heads and their like.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct KloomObject {
    /// Which kind of object this is; zero means never initialised.
    pub magic: u32,
    /// Index into the kernel's table of that kind, zero until first use.
    pub handle: u32,
}
