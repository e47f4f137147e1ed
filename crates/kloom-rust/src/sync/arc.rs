//! Shared ownership.

use crate::alloc::Flags;
use crate::error::Result;

/// A reference-counted pointer.
pub struct Arc<T: ?Sized>(std::sync::Arc<T>);

impl<T> Arc<T> {
    /// Allocates a value.
    ///
    /// # Errors
    /// `ENOMEM`; the host's memory does not run out, so never here.
    #[track_caller]
    pub fn new(value: T, flags: Flags) -> Result<Arc<T>> {
        flags.check();
        Ok(Arc(std::sync::Arc::new(value)))
    }

    /// The value, if this is the last pointer to it.
    pub fn into_unique_or_drop(self) -> Option<T> {
        std::sync::Arc::into_inner(self.0)
    }
}

impl<T: ?Sized> Arc<T> {
    /// Whether two pointers point to the same value.
    pub fn ptr_eq(one: &Arc<T>, other: &Arc<T>) -> bool {
        std::sync::Arc::ptr_eq(&one.0, &other.0)
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    fn clone(&self) -> Self {
        Arc(std::sync::Arc::clone(&self.0))
    }
}

impl<T: ?Sized> std::ops::Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + std::fmt::Debug> std::fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
