//! Rules of the code base that the compiler does not know, as ordinary tests.

mod layering;
mod source;
mod tidy;
