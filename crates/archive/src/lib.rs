//! towpath-archive
