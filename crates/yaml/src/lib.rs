//! towpath-yaml
