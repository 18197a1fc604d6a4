use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

/// A certificate for 127.0.0.1 that signs itself, and its key, both PEM files in a folder. `openssl` is the
/// program, as [`crate::require`] gives it.
pub fn certificate(openssl: &Path, folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let made = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "ec", "-nodes"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "openssl: {said}");
    Ok((cert, key))
}
