//! towpath-oci
