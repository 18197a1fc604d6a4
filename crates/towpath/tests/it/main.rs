//! Through the front door: the real program, the real git, the real sandbox.

#![allow(clippy::unwrap_used, reason = "a test fails by it, also in helpers")]

mod article_000;
mod check;
mod demo;
mod flow;
mod git_host;
mod kill;
mod kube;
mod kube_credentials;
mod kube_pull;
mod kustomize;
mod kustomize_edit;
mod kustomize_helm;
mod kustomize_helm_real;
mod kustomize_judge;
mod kustomize_remote;
mod kustomize_tree;
mod network;
mod outbound;
mod pod_build;
mod program;
mod project_delete;
mod run;
mod seat;
mod shell;
mod sns;
mod ssh_remote;
mod usage;
mod webhook;
mod webhook_health;
