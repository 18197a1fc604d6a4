use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

/// A certificate for 127.0.0.1 that signs itself, and its key, both PEM files in a folder. `openssl` is the
/// program, as [`crate::require`] gives it.
pub fn certificate(openssl: &Path, folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let extensions = [
        "subjectAltName=IP:127.0.0.1",
        "basicConstraints=critical,CA:FALSE",
    ];
    certificate_with(openssl, folder, &extensions)
}

/// [`certificate`] with other extensions (x509v3_config(5)).
pub fn certificate_with(
    openssl: &Path,
    folder: &Path,
    extensions: &[&str],
) -> Result<(PathBuf, PathBuf)> {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let made = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "ec", "-nodes"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-subj", "/CN=localhost"])
        .args(
            extensions
                .iter()
                .flat_map(|extension| ["-addext", extension]),
        )
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "openssl: {said}");
    Ok((cert, key))
}
