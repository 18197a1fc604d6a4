//! towpath-web
