//! What a kustomization does to all objects.

pub(crate) mod kind_order;
