//! towpath-runner
