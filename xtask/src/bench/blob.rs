//! A gigabyte blob into the registry in one request.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use reqwest::Body;
use towpath_testkit::TowpathServer;

use super::figures::{megabytes, memory};

const SIZE: usize = 1 << 30;
const CHUNK: usize = 1 << 16;

pub(crate) async fn run(program: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = TowpathServer::start(program, &folder.path().join("data"), &[]).await?;
    let pid = server.pid().context("the server runs")?;
    let before = memory(pid, "VmRSS")?;
    let start = Instant::now();
    upload(&server).await?;
    let seconds = start.elapsed().as_secs_f64();
    let peak = memory(pid, "VmHWM")?;
    println!("\n1 GB blob into the registry");
    println!(
        "  {seconds:.1} s, {:.0} MB/s",
        megabytes(SIZE as u64) / seconds
    );
    println!(
        "  memory before {:.1} MB, peak {:.1} MB: {:.1} MB more",
        megabytes(before),
        megabytes(peak),
        megabytes(peak.saturating_sub(before))
    );
    server.stop().await
}

async fn upload(server: &TowpathServer) -> Result<()> {
    let client = reqwest::Client::new();
    let begin = format!("{}/v2/bench/blobs/uploads/", server.url());
    let begun = client
        .post(begin)
        .bearer_auth(server.token())
        .send()
        .await?
        .error_for_status()?;
    let location = begun.headers()["location"].to_str()?;
    let location = match location.starts_with('/') {
        true => format!("{}{location}", server.url()),
        false => location.to_owned(),
    };
    let separator = if location.contains('?') { '&' } else { '?' };
    let finish = format!("{location}{separator}digest={}", zeros_digest());
    let response = client
        .put(finish)
        .bearer_auth(server.token())
        .header("content-type", "application/octet-stream")
        .header("content-length", SIZE)
        .body(zeros())
        .send()
        .await?;
    ensure!(
        response.status() == 201,
        "{}: {}",
        response.status(),
        response.text().await?
    );
    Ok(())
}

fn zeros() -> Body {
    let chunks = (0..SIZE / CHUNK).map(|_| Ok::<_, std::io::Error>(vec![0_u8; CHUNK]));
    Body::wrap_stream(futures_util::stream::iter(chunks))
}

fn zeros_digest() -> String {
    let mut hasher = towpath_model::Hasher::new();
    let chunk = vec![0; CHUNK];
    for _ in 0..SIZE / CHUNK {
        hasher.update(&chunk);
    }
    hasher.finish().to_string()
}
