//! What a file may cost. All of them end in a diagnostic, never in a panic or a full memory.

/// Bytes of one file. Large bundles of Kubernetes CRDs have 5 to 10 MiB.
pub const MAX_BYTES: usize = 16 << 20;

/// Nodes of one file, with aliases expanded.
pub const MAX_NODES: usize = 1_000_000;

/// Bytes of scalar text of one file, with aliases expanded.
pub const MAX_SCALAR_BYTES: usize = 32 << 20;

/// Mappings and sequences inside one another, with aliases expanded.
pub const MAX_DEPTH: usize = 128;
