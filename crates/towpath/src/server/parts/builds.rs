use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use towpath_pipeline::BuildHost;
use towpath_sandbox::{Host, Limits};

use crate::cli::Isolation;
use crate::server::{Config, DataFolder};

/// What a build finds when this program was started without a PATH or LANG.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const LANG: &str = "C.UTF-8";
const BUILD_PIDS: u64 = 8192;

/// Where and with what builds on this machine run.
pub(super) fn build_host(config: &Config, data: &DataFolder, host: &Host) -> Result<BuildHost> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut hidden = vec![data.path().to_owned()];
    hidden.extend(config.token_file.clone());
    hidden.extend(config.tls.iter().map(|tls| tls.key.clone()));
    Ok(BuildHost {
        host: host.clone(),
        sandboxed: config.build.isolation == Isolation::Sandbox,
        hidden,
        limits: limits(config),
        path: path(),
        home: std::env::home_dir().context("this user has no home folder: set HOME")?,
        lang: variable("LANG").unwrap_or_else(|| LANG.to_owned()),
    })
}

/// A worker elsewhere does not know a certificate that nobody well-known has signed.
pub(super) fn certificate_authorities(config: &Config) -> Result<Option<String>> {
    let own = config.tls.iter().map(|tls| &tls.cert);
    let files: Vec<&PathBuf> = own.chain(&config.public_ca).collect();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the certificate {}", path.display()))?;
        ensure!(
            text.contains("-----BEGIN CERTIFICATE-----"),
            "{} holds no certificate in PEM",
            path.display()
        );
        Ok(text)
    };
    let texts: Vec<String> = files.into_iter().map(read).collect::<Result<_>>()?;
    Ok(Some(texts.join("\n")).filter(|text| !text.is_empty()))
}

/// Where commands are looked for.
pub(super) fn path() -> String {
    let path = std::env::var("PATH").ok().filter(|path| !path.is_empty());
    path.unwrap_or_else(|| PATH.to_owned())
}

/// Memory leaves an eighth of the machine to the server and its pods. Processes are enough for any compiler
/// and too few for a fork bomb to hurt.
fn limits(config: &Config) -> Limits {
    let memory = config.build.build_memory.map(|memory| memory.0);
    Limits {
        memory: memory.or_else(|| machine_memory().map(|bytes| bytes / 8 * 7)),
        pids: Some(BUILD_PIDS),
        cpu_millis: config.build.build_cpus.map(|cpus| cpus.millis),
    }
}

/// In bytes (proc(5), `MemTotal`).
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
