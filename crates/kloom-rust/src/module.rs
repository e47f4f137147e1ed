//! Modules: what `insmod` starts and `rmmod` ends.

use std::panic::Location;

use kloom_shim::rust::{enter_module, module_gone, switch_module};

use crate::error::Result;

/// The module whose code runs.
#[derive(Debug)]
pub struct ThisModule {
    name: &'static str,
    license: &'static str,
}

impl ThisModule {
    /// As `module!` calls it.
    #[doc(hidden)]
    pub const fn new(name: &'static str, license: &'static str) -> ThisModule {
        ThisModule { name, license }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its licence.
    pub fn license(&self) -> &'static str {
        self.license
    }
}

/// A module: made when it is inserted, dropped when it is removed.
pub trait Module: Sized + Send + Sync + 'static {
    /// What `insmod` runs.
    ///
    /// # Errors
    /// Why the module is not inserted.
    fn init(module: &'static ThisModule) -> Result<Self>;
}

/// What `module!` says of a module.
pub trait ModuleMetadata: Module {
    /// The module.
    const MODULE: &'static ThisModule;
}

/// Says which type is the module, and how it is called.
///
/// ```
/// use kloom_rust::prelude::*;
///
/// module! {
///     type: Beat,
///     name: "beat",
///     license: "GPL",
/// }
///
/// struct Beat {
///     thread: Option<Thread>,
/// }
///
/// impl Module for Beat {
///     fn init(module: &'static ThisModule) -> Result<Self> {
///         pr_info!("{} is here\n", module.name());
///         let thread = Thread::spawn(c"beat", || while !Thread::should_stop() {})?;
///         Ok(Beat { thread: Some(thread) })
///     }
/// }
///
/// impl Drop for Beat {
///     fn drop(&mut self) {
///         if let Some(thread) = self.thread.take() {
///             let _ = thread.stop();
///         }
///     }
/// }
///
/// kloom_rust::check(|| kloom_rust::insmod::<Beat>().map(kloom_rust::Inserted::rmmod));
/// ```
#[macro_export]
macro_rules! module {
    (type: $type:ty, name: $name:literal, $($key:ident: $value:tt),* $(,)?) => {
        impl $crate::module::ModuleMetadata for $type {
            const MODULE: &'static $crate::module::ThisModule = {
                const LICENSE: &str = $crate::__module_license!($($key: $value,)*);
                const MODULE: &$crate::module::ThisModule = &$crate::module::ThisModule::new($name, LICENSE);
                MODULE
            };
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __module_license {
    (license: $license:literal, $($rest:tt)*) => { $license };
    ($key:ident: $value:tt, $($rest:tt)*) => { $crate::__module_license!($($rest)*) };
    () => { ::core::compile_error!("a module says its licence: `license: \"GPL\"`") };
}

/// A module that is inserted. Dropping it removes it.
#[derive(Debug)]
pub struct Inserted<M: ModuleMetadata> {
    module: Option<M>,
    number: u32,
}

/// Inserts a module: runs its `init` as the calling task.
///
/// # Errors
/// What `init` answers.
#[track_caller]
pub fn insmod<M: ModuleMetadata>() -> Result<Inserted<M>> {
    let at = Location::caller();
    let number = enter_module(at).unwrap_or(0);
    let module = M::init(M::MODULE);
    switch_module(at, 0);
    if module.is_err() {
        module_gone(at, number, M::MODULE.name());
    }
    Ok(Inserted { module: Some(module?), number })
}

impl<M: ModuleMetadata> Inserted<M> {
    /// Removes the module: drops it. A thread of it that still lives is a finding, for its code is gone.
    #[track_caller]
    pub fn rmmod(self) {
        drop(self);
    }

    /// The module.
    pub fn get(&self) -> &M {
        match &self.module {
            Some(module) => module,
            None => unreachable!("taken only when dropped"),
        }
    }
}

impl<M: ModuleMetadata> Drop for Inserted<M> {
    #[track_caller]
    fn drop(&mut self) {
        let at = Location::caller();
        if let Some(module) = self.module.take() {
            switch_module(at, self.number);
            drop(module);
            switch_module(at, 0);
            module_gone(at, self.number, M::MODULE.name());
        }
    }
}
