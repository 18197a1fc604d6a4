#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic, as tests do"
)]

mod access;
mod api;
mod browser;
mod build_place;
mod cluster_pages;
mod clusters;
mod documented;
mod doors;
mod fixture;
mod for_everybody;
mod gallery;
mod limits;
mod logs;
mod pages;
mod pictures;
mod scene;
mod tls;
mod webhooks;
mod work;
