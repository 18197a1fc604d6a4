//! towpath-dockerfile
