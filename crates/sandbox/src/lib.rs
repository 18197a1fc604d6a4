//! towpath-sandbox
