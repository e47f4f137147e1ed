//! Atomics whose every access is a choice point. Memory is sequentially consistent, whatever the ordering says.

use std::panic::Location;

pub use std::sync::atomic::Ordering;

use kloom_kernel::touch::Manner;
use kloom_shim::rust::{Gate, choice, inside, op};

/// A number for an atomic: its own if a thread of a machine makes it, else 0, and then its address does.
#[track_caller]
fn number() -> u64 {
    if !inside() {
        return 0;
    }
    op(Location::caller(), |machine, current| machine.rust.object_number(current)).unwrap_or(0)
}

macro_rules! atomic {
    ($(#[$doc:meta])* $name:ident($value:ty) $($integer:ident)?) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            object: u64,
            value: std::sync::atomic::$name,
        }

        impl $name {
            /// An atomic with this value.
            #[track_caller]
            pub fn new(value: $value) -> $name {
                $name { object: number(), value: std::sync::atomic::$name::new(value) }
            }

            #[track_caller]
            fn touch(&self, what: &'static str, manner: Manner) {
                if inside() {
                    let own = std::ptr::from_ref(self) as u64;
                    let object = if self.object == 0 { own } else { self.object };
                    choice(Location::caller(), what, Some((object, manner)), Gate::Open);
                }
            }

            /// The value.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                self.touch(concat!(stringify!($name), "::load"), Manner::Read);
                self.value.load(order)
            }

            /// Replaces the value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                self.touch(concat!(stringify!($name), "::store"), Manner::Write);
                self.value.store(value, order);
            }

            /// Replaces the value; the one before.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.touch(concat!(stringify!($name), "::swap"), Manner::Write);
                self.value.swap(value, order)
            }

            /// Replaces the value if it is `current`; the one before.
            ///
            /// # Errors
            /// The value, if it is another one.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.touch(concat!(stringify!($name), "::compare_exchange"), Manner::Write);
                self.value.compare_exchange(current, new, success, failure)
            }

            /// The value, which nobody else can see any more.
            pub fn into_inner(self) -> $value {
                self.value.into_inner()
            }

            atomic!(@rmw $name $value: fetch_and "Combines by and" fetch_or "Combines by or" fetch_xor "Combines by xor");
            $(atomic!(@$integer $name $value);)?
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                $name::new(Default::default())
            }
        }
    };
    (@integer $name:ident $value:ty) => {
        atomic!(@rmw $name $value: fetch_add "Adds, wrapping around" fetch_sub "Subtracts, wrapping around"
            fetch_max "Takes the greater value" fetch_min "Takes the smaller value");
    };
    (@rmw $name:ident $value:ty: $($function:ident $text:literal)*) => {$(
        #[doc = concat!($text, "; the value before.")]
        #[track_caller]
        pub fn $function(&self, value: $value, order: Ordering) -> $value {
            self.touch(concat!(stringify!($name), "::", stringify!($function)), Manner::Write);
            self.value.$function(value, order)
        }
    )*};
}

atomic! {
    /// A flag.
    ///
    /// ```
    /// use kloom_rust::prelude::*;
    /// use kloom_rust::sync::atomic::{AtomicBool, Ordering};
    ///
    /// let report = kloom_rust::Checker::new().explore(|| {
    ///     let flag = Arc::new(AtomicBool::new(false), GFP_KERNEL)?;
    ///     let theirs = flag.clone();
    ///     Thread::spawn(c"setter", move || theirs.store(true, Ordering::Release))?;
    ///     flag.load(Ordering::Acquire);
    ///     Ok(())
    /// });
    /// assert_eq!(report.executions, 2, "the load is before or after the store");
    /// ```
    AtomicBool(bool)
}
atomic! {
    /// A number as wide as a pointer.
    AtomicUsize(usize) integer
}
atomic! {
    /// A signed number as wide as a pointer.
    AtomicIsize(isize) integer
}
atomic! {
    /// 32 bits.
    AtomicU32(u32) integer
}
atomic! {
    /// 32 bits, signed.
    AtomicI32(i32) integer
}
atomic! {
    /// 64 bits.
    AtomicU64(u64) integer
}
atomic! {
    /// 64 bits, signed.
    AtomicI64(i64) integer
}
