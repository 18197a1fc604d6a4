//! towpath-store
