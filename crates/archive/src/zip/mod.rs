//! Zip archives: made so that the same files give the same bytes, and unpacked without trust.

mod gather;
mod pack;
mod read;
mod unpack;
mod writer;

pub use pack::{Packed, pack};
pub use read::{Entry, EntryKind, Reader, list, read_file};
pub use unpack::{Unpacked, unpack, unpack_from, unpack_over};
pub use writer::Writer;

use ::zip::result::ZipError;

use crate::Error;

impl From<ZipError> for Error {
    fn from(error: ZipError) -> Self {
        Self::Format(error.to_string())
    }
}
