//! Error numbers.

use kloom_abi::Errno;

/// An error number of the kernel's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Error(Errno);

/// What kernel functions return.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

impl Error {
    /// From a negative number, as C functions return it; anything else becomes `EINVAL`.
    pub fn from_errno(errno: i32) -> Error {
        if (-4095..0).contains(&errno) { Error(Errno(-errno)) } else { code::EINVAL }
    }

    /// The negative number.
    pub fn to_errno(self) -> i32 {
        -self.0.0
    }
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Error(errno)
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Error {}

/// The numbers by name.
pub mod code {
    #![expect(missing_docs, reason = "the names are Linux's own")]
    use super::Error;
    use kloom_abi::Errno;

    pub const EPERM: Error = Error(Errno(1));
    pub const ENOENT: Error = Error(Errno(2));
    pub const EINTR: Error = Error(Errno(4));
    pub const EIO: Error = Error(Errno(5));
    pub const EAGAIN: Error = Error(Errno(11));
    pub const ENOMEM: Error = Error(Errno(12));
    pub const EBUSY: Error = Error(Errno(16));
    pub const EEXIST: Error = Error(Errno(17));
    pub const ENODEV: Error = Error(Errno(19));
    pub const EINVAL: Error = Error(Errno(22));
    pub const ENOSYS: Error = Error(Errno(38));
    pub const ETIMEDOUT: Error = Error(Errno(110));
    pub const ERESTARTSYS: Error = Error(Errno(512));
}
