//! What a kustomization does to all objects.

pub(crate) mod hash;
pub(crate) mod images;
pub(crate) mod kind_order;
pub(crate) mod metadata;
pub(crate) mod name_reference;
pub(crate) mod names;
pub(crate) mod replicas;
pub(crate) mod sort;
