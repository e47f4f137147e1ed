//! The log: `pr_info!` and its kin. What is printed stands in the report of a failing execution.

use std::fmt::Arguments;
use std::panic::Location;

use kloom_kernel::printk::Level;
use kloom_shim::rust::{inside, op};

/// Prints a line; outside of a machine it goes nowhere.
#[doc(hidden)]
#[track_caller]
pub fn log(level: Level, text: Arguments<'_>) {
    if inside() {
        let text = text.to_string();
        op(Location::caller(), |machine, _| machine.kernel.printk(level, text.trim_end_matches('\n').to_string()));
    }
}

/// Prints at level `KERN_EMERG`.
#[macro_export]
macro_rules! pr_emerg {
    ($($arg:tt)*) => { $crate::internal::log($crate::internal::Level::Emerg, ::core::format_args!($($arg)*)) };
}

/// Prints at level `KERN_ALERT`.
#[macro_export]
macro_rules! pr_alert {
    ($($arg:tt)*) => { $crate::internal::log($crate::internal::Level::Alert, ::core::format_args!($($arg)*)) };
}

/// Prints at level `KERN_CRIT`.
#[macro_export]
macro_rules! pr_crit {
    ($($arg:tt)*) => { $crate::internal::log($crate::internal::Level::Crit, ::core::format_args!($($arg)*)) };
}

/// Prints at level `KERN_ERR`.
#[macro_export]
macro_rules! pr_err {
    ($($arg:tt)*) => { $crate::internal::log($crate::internal::Level::Err, ::core::format_args!($($arg)*)) };
}

/// Prints at level `KERN_WARNING`.
#[macro_export]
macro_rules! pr_warn {
    ($($arg:tt)*) => { $crate::internal::log($crate::internal::Level::Warning, ::core::format_args!($($arg)*)) };
}

/// Prints at level `KERN_NOTICE`.
#[macro_export]
macro_rules! pr_notice {
    ($($arg:tt)*) => { $crate::internal::log($crate::internal::Level::Notice, ::core::format_args!($($arg)*)) };
}

/// Prints at level `KERN_INFO`.
///
/// ```
/// kloom_rust::run(|| kloom_rust::pr_info!("{} threads\n", 3));
/// ```
#[macro_export]
macro_rules! pr_info {
    ($($arg:tt)*) => { $crate::internal::log($crate::internal::Level::Info, ::core::format_args!($($arg)*)) };
}

/// Prints at level `KERN_DEBUG`.
#[macro_export]
macro_rules! pr_debug {
    ($($arg:tt)*) => { $crate::internal::log($crate::internal::Level::Debug, ::core::format_args!($($arg)*)) };
}
