//! towpath-git
