//! towpath-cluster
