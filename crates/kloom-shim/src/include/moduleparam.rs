//! C header: include/linux/moduleparam.h. The work is in [`crate::params`].

use kloom_abi::Errno;
use kloom_kernel::fault::Fault;

use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;
use crate::params::ParamKind;

/// Offset of the variable in `struct kernel_param`.
const ARG: u64 = 32;

/// Name and variable of the parameter at `kp`.
fn parts(machine: &mut Machine, kp: u64) -> Result<(String, u64), Fault> {
    machine.check_access(kp, 40, false)?;
    let name = machine.peek_u64(kp);
    Ok((machine.text_or_empty(name), machine.peek_u64(kp + ARG)))
}

fn set(val: u64, kp: u64, kind: ParamKind) -> i32 {
    or_oops(enter(|machine, _| {
        let (name, arg) = parts(machine, kp)?;
        let optional =
            matches!(kind, ParamKind::Bool | ParamKind::BoolEnableOnly | ParamKind::Invbool | ParamKind::Bint);
        let val = if val == 0 && optional { None } else { Some(machine.text(val)?) };
        machine.param_set(kind, &name, val.as_deref(), arg)
    }))
}

fn get(buffer: u64, kp: u64, kind: ParamKind) -> i32 {
    or_oops(enter(|machine, _| {
        let (_, arg) = parts(machine, kp)?;
        let text = machine.param_get(kind, arg)?;
        machine.store_cstr(buffer, &text)?;
        Ok(text.len() as i32)
    }))
}

macro_rules! params {
    ($($kind:ident $set:ident $get:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($set), "()`: 0 or `-errno`.")]
            pub(crate) extern "C" fn $set(val: u64, kp: u64) -> i32 {
                set(val, kp, ParamKind::$kind)
            }

            #[doc = concat!("`", stringify!($get), "()`: the length of the text.")]
            pub(crate) extern "C" fn $get(buffer: u64, kp: u64) -> i32 {
                get(buffer, kp, ParamKind::$kind)
            }
        )*

        /// Addresses of the functions of a type.
        pub(crate) fn functions(kind: ParamKind) -> (u64, u64) {
            match kind {
                $(ParamKind::$kind => ($set as *const () as u64, $get as *const () as u64),)*
            }
        }
    };
}

params! {
    Byte param_set_byte param_get_byte;
    Short param_set_short param_get_short;
    Ushort param_set_ushort param_get_ushort;
    Int param_set_int param_get_int;
    Uint param_set_uint param_get_uint;
    Long param_set_long param_get_long;
    Ulong param_set_ulong param_get_ulong;
    Ullong param_set_ullong param_get_ullong;
    Hexint param_set_hexint param_get_hexint;
    Charp param_set_charp param_get_charp;
    Bool param_set_bool param_get_bool;
    BoolEnableOnly param_set_bool_enable_only param_get_bool_enable_only;
    Invbool param_set_invbool param_get_invbool;
    Bint param_set_bint param_get_bint;
    String param_set_copystring param_get_string;
    Array param_array_set param_array_get;
}

/// `param_free_charp()`: `arg` is the variable.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn param_free_charp(arg: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(arg, 8, true)?;
        machine.free_param_string(arg);
        Ok(())
    }));
}

/// `param_set_uint_minmax()`: `-EINVAL` outside the bounds.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn param_set_uint_minmax(val: u64, kp: u64, min: u32, max: u32) -> i32 {
    if val == 0 {
        return -Errno::EINVAL.0;
    }
    or_oops(enter(|machine, _| {
        let (_, arg) = parts(machine, kp)?;
        match kloom_lib::kstrtox::kstrtouint(&machine.text(val)?, 0) {
            Ok(value) if (min..=max).contains(&value) => machine.store(arg, &value.to_le_bytes()).map(|()| 0),
            Ok(_) => Ok(-Errno::EINVAL.0),
            Err(error) => Ok(-error.errno()),
        }
    }))
}

crate::exports![
    plain: param_set_byte, param_get_byte, param_set_short, param_get_short, param_set_ushort, param_get_ushort,
        param_set_int, param_get_int, param_set_uint, param_get_uint, param_set_long, param_get_long, param_set_ulong,
        param_get_ulong, param_set_ullong, param_get_ullong, param_set_hexint, param_get_hexint, param_set_charp,
        param_get_charp, param_free_charp, param_set_bool, param_get_bool, param_set_bool_enable_only, param_set_invbool,
        param_get_invbool, param_set_bint, param_set_copystring, param_get_string, param_set_uint_minmax;
    variadic: ;
    named:
];
