//! towpath-pipeline
