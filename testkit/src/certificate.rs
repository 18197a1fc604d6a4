use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

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

/// A certificate authority of a test's own: `root.pem`, and what it issues, in a folder that goes with it.
pub struct Authority {
    openssl: PathBuf,
    folder: TempDir,
}

impl Authority {
    /// `openssl` is the program, as [`crate::require`] gives it.
    pub fn new(openssl: &Path) -> Result<Self> {
        let authority = Self {
            openssl: openssl.to_owned(),
            folder: tempfile::tempdir()?,
        };
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=Test Root",
            "-days",
            "9",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
        ])?;
        Ok(authority)
    }

    /// `<name>.pem` and its RSA key `<name>.key`, with these extensions (x509v3_config(5)), one a line.
    pub fn issue(&self, name: &str, extensions: &str) -> Result<(PathBuf, PathBuf)> {
        self.issue_by("root", name, extensions)
    }

    /// [`Authority::issue`] by what was issued before.
    pub fn issue_by(&self, by: &str, name: &str, extensions: &str) -> Result<(PathBuf, PathBuf)> {
        let [key, request, certificate] =
            ["key", "csr", "pem"].map(|kind| format!("{name}.{kind}"));
        let (by_key, by) = (format!("{by}.key"), format!("{by}.pem"));
        fs::write(self.path("extensions"), extensions)?;
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", &key, "-out",
            &request,
        ])?;
        self.openssl(&[
            "x509",
            "-req",
            "-CAcreateserial",
            "-extfile",
            "extensions",
            "-days",
            "9",
            "-in",
            &request,
            "-CA",
            &by,
            "-CAkey",
            &by_key,
            "-out",
            &certificate,
        ])?;
        Ok((self.path(&certificate), self.path(&key)))
    }

    /// Runs openssl in the folder.
    pub fn openssl(&self, arguments: &[&str]) -> Result<()> {
        let done = Command::new(&self.openssl)
            .args(arguments)
            .current_dir(self.folder.path())
            .output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "openssl {arguments:?}: {said}");
        Ok(())
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
