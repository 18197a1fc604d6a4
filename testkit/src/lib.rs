//! Real parts in a temporary folder.
