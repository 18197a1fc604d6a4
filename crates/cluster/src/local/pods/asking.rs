use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use towpath_model::workspace::{Command, Exit};
use towpath_sandbox::Sandbox;

use super::side_command;
use crate::local::net::ClusterNetwork;
use crate::spec::{Ask, Container, Probe};

/// What a probe needs of the container that it asks.
pub(super) struct Asked<'a> {
    pub(super) network: &'a ClusterNetwork,
    pub(super) sandbox: &'a Sandbox,
    pub(super) container: &'a Container,
    pub(super) ip: Ipv4Addr,
    pub(super) env: &'a BTreeMap<String, String>,
}

/// Asks once. The error says what went wrong, for people.
pub(super) async fn ask(asked: &Asked<'_>, probe: &Probe) -> Result<(), String> {
    let answer = async {
        match &probe.ask {
            Ask::Http {
                path,
                port,
                headers,
                host,
            } => {
                let address = asked.address(port, *host)?;
                http(asked, address, path, headers).await
            }
            Ask::Tcp { port } => asked.connect(asked.address(port, None)?).await.map(drop),
            Ask::Exec { command } => exec(asked, command).await,
        }
    };
    match timeout(probe.timeout, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} s", probe.timeout.as_secs())),
    }
}

impl Asked<'_> {
    fn address(
        &self,
        port: &crate::spec::PortRef,
        host: Option<Ipv4Addr>,
    ) -> Result<SocketAddrV4, String> {
        let port = self
            .container
            .port(port)
            .ok_or("it names a port that the container does not")?;
        Ok(SocketAddrV4::new(host.unwrap_or(self.ip), port))
    }

    async fn connect(&self, address: SocketAddrV4) -> Result<TcpStream, String> {
        self.network
            .connect(address)
            .await
            .map_err(|error| error.to_string())
    }
}

/// Longest answer that is read; the rest is of no interest.
const LONGEST: usize = 16 * 1024;

async fn http(
    asked: &Asked<'_>,
    address: SocketAddrV4,
    path: &str,
    headers: &[(String, String)],
) -> Result<(), String> {
    let mut stream = asked.connect(address).await?;
    let request = request(address, path, headers);
    let failed = |error: io::Error| format!("GET {path}: {error}");
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let status = read_status(&mut stream).await.map_err(failed)?;
    match status {
        200..400 => Ok(()),
        other => Err(format!("GET {path} answered {other}")),
    }
}

/// What kubelet sends, unless the manifest's headers say otherwise.
fn request(address: SocketAddrV4, path: &str, headers: &[(String, String)]) -> String {
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    let mut request = format!("GET {path} HTTP/1.1\r\n");
    let mut all = vec![
        ("Host".to_owned(), address.to_string()),
        ("User-Agent".to_owned(), "towpath-probe".to_owned()),
        ("Accept".to_owned(), "*/*".to_owned()),
    ];
    all.retain(|(name, _)| {
        !headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    });
    all.extend_from_slice(headers);
    all.push(("Connection".to_owned(), "close".to_owned()));
    for (name, value) in all {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request
}

async fn read_status(stream: &mut TcpStream) -> io::Result<u16> {
    let mut answer = Vec::new();
    let mut buffer = [0; 2048];
    while answer.len() < LONGEST {
        let count = stream.read(&mut buffer).await?;
        answer.extend_from_slice(&buffer[..count]);
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&answer) {
            Ok(_) if response.code.is_some() => return Ok(response.code.unwrap_or_default()),
            Err(httparse::Error::TooManyHeaders) if response.code.is_some() => {
                return Ok(response.code.unwrap_or_default());
            }
            Ok(_) if count > 0 => {}
            Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Err(io::Error::other("the answer's status line is too long"))
}

async fn exec(asked: &Asked<'_>, command: &[String]) -> Result<(), String> {
    let command = Command {
        argv: command.to_vec(),
        env: asked.env.clone(),
        working_dir: None,
        timeout: None,
    };
    match side_command::run(asked.sandbox, &command).await {
        Ok((Exit::Code(0), _)) => Ok(()),
        Ok((exit, output)) if output.is_empty() => {
            Err(format!("`{}` ended with {exit}", command.argv.join(" ")))
        }
        Ok((exit, output)) => Err(format!(
            "`{}` ended with {exit}: {output}",
            command.argv.join(" ")
        )),
        Err(error) => Err(error.to_string()),
    }
}
