//! 1,000 objects applied to a Kubernetes API server by Towpath, beside a bare client.

use anyhow::Result;

use crate::process;

/// The comparison is an example of crate `cluster`, which alone names kube.
pub(crate) fn run() -> Result<()> {
    let Some(kubeconfig) = std::env::var_os("TOWPATH_TEST_KUBECONFIG") else {
        println!(
            "\napply: skipped, TOWPATH_TEST_KUBECONFIG names no kubeconfig (tests/kube/start)"
        );
        return Ok(());
    };
    let mut cargo = process::cargo();
    cargo.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "towpath-cluster",
    ]);
    cargo.args(["--example", "apply_beside_bare", "--"]);
    process::run(cargo.arg(kubeconfig))
}
