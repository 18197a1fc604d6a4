use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::Value;

use super::reader::Fields;

/// A question to a container, and how often it is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub ask: Ask,
    pub initial_delay: Duration,
    pub period: Duration,
    pub timeout: Duration,
    pub success_threshold: u32,
    pub failure_threshold: u32,
    /// Replaces the pod's when a liveness or startup probe ends the container.
    pub termination_grace: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// A status from 200 to 399 is a yes.
    Http {
        path: String,
        port: PortRef,
        headers: Vec<(String, String)>,
        /// Another address than the pod's.
        host: Option<Ipv4Addr>,
    },
    /// A connection is a yes.
    Tcp { port: PortRef },
    /// Exit code 0 is a yes.
    Exec { command: Vec<String> },
}

/// A container port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortRef {
    Number(u16),
    Name(String),
}

pub(super) fn read(fields: Fields) -> Option<Probe> {
    let ask = ask(&fields);
    let seconds = |key, least, default| {
        Duration::from_secs(fields.u32(key, least..=86_400).unwrap_or(default).into())
    };
    let probe = Probe {
        initial_delay: seconds("initialDelaySeconds", 0, 0),
        period: seconds("periodSeconds", 1, 10),
        timeout: seconds("timeoutSeconds", 1, 1),
        success_threshold: fields.u32("successThreshold", 1..=1000).unwrap_or(1),
        failure_threshold: fields.u32("failureThreshold", 1..=100_000).unwrap_or(3),
        termination_grace: fields
            .u32("terminationGracePeriodSeconds", 1..=86_400)
            .map(|seconds| Duration::from_secs(seconds.into())),
        ask: ask.unwrap_or(Ask::Exec {
            command: Vec::new(),
        }),
    };
    fields.finish();
    Some(probe)
}

fn ask(fields: &Fields) -> Option<Ask> {
    fields.unsupported(&["grpc"], "ask by httpGet, tcpSocket or exec");
    let ways = [
        fields.mapping("httpGet").map(http),
        fields.mapping("tcpSocket").map(tcp),
        fields.mapping("exec").map(exec),
    ];
    let mut ways = ways.into_iter().flatten();
    match (ways.next(), ways.next()) {
        (Some(way), None) => way,
        (None, _) if fields.has("grpc") => None,
        _ => {
            fields.missing("httpGet, tcpSocket or exec (exactly one)");
            None
        }
    }
}

fn http(fields: Fields) -> Option<Ask> {
    match fields.string("scheme").as_deref() {
        None | Some("HTTP") => {}
        Some(_) => fields.unsupported(&["scheme"], "ask by HTTP, or by tcpSocket"),
    }
    let headers = fields
        .items("httpHeaders")
        .into_iter()
        .map(header)
        .collect();
    let path = fields.string("path").unwrap_or_else(|| "/".to_owned());
    if path.contains(|c: char| c.is_control() || c == ' ') {
        fields.error_with(
            "path",
            format!("`path`: {path:?} is not a path of HTTP"),
            "write a blank as %20",
        );
    }
    let ask = Ask::Http {
        path,
        port: port_ref(&fields, "port")?,
        host: host(&fields),
        headers,
    };
    fields.finish();
    Some(ask)
}

/// Names would have to be looked up from inside of the cluster's network at every question.
fn host(fields: &Fields) -> Option<Ipv4Addr> {
    let host = fields.string("host").filter(|host| !host.is_empty())?;
    let address = host.parse();
    if address.is_err() {
        let message = format!("`host`: {host:?} is not an IPv4 address");
        fields.error_with(
            "host",
            message,
            "remove it, and the pod itself is asked; the name to ask for goes into httpHeaders as Host",
        );
    }
    address.ok()
}

fn header(fields: Fields) -> (String, String) {
    let name = fields.required_string("name");
    let value = fields.string("value").unwrap_or_default();
    let token = |c: char| c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?={}".contains(c);
    if !name.chars().all(token) {
        fields.error("name", format!("{name:?} is not a header's name"));
    }
    if value.contains(|c: char| c.is_control()) {
        fields.error("value", "a header's value may not hold control characters");
    }
    fields.finish();
    (name, value)
}

fn tcp(fields: Fields) -> Option<Ask> {
    fields.unsupported(&["host"], "the pod itself is asked");
    let ask = Ask::Tcp {
        port: port_ref(&fields, "port")?,
    };
    fields.finish();
    Some(ask)
}

fn exec(fields: Fields) -> Option<Ask> {
    let command = command(fields);
    Some(Ask::Exec { command })
}

/// `exec.command`, which may not be empty.
pub(super) fn command(fields: Fields) -> Vec<String> {
    let command = fields.strings("command");
    if command.is_empty() {
        fields.missing("command");
    }
    fields.finish();
    command
}

/// Reads a port by number or name; a missing one is an error.
pub(super) fn port_ref(fields: &Fields, key: &'static str) -> Option<PortRef> {
    let Some(value) = fields.value(key) else {
        fields.missing(key);
        return None;
    };
    match value {
        Value::Number(_) => fields.port(key).map(PortRef::Number),
        Value::String(name) => match name.parse::<u16>() {
            Ok(number) if number > 0 => Some(PortRef::Number(number)),
            _ => Some(PortRef::Name(name.clone())),
        },
        other => fields.wrong(key, "a port number or name", other),
    }
}
