use std::net::IpAddr;

use http::uri::Authority;
use url::Url;

use crate::WebConfig;

/// Whether a request for this `Host` is for us. Another name that resolves to our address would be DNS
/// rebinding: a foreign page that a browser takes for ours. Ports are not looked at, since tunnels change them.
pub(crate) fn host_is_ours(config: &WebConfig, host: &str) -> bool {
    let Some(name) = host_name(host) else {
        return false;
    };
    let public = config.public_url.as_ref().and_then(Url::host_str);
    is_loopback_name(&name)
        || public.is_some_and(|public| public.trim_matches(['[', ']']).eq_ignore_ascii_case(&name))
        || name
            .parse::<IpAddr>()
            .is_ok_and(|ip| listens_on(config, ip))
}

/// Whether the `Host` can only mean this machine.
pub(crate) fn host_is_loopback(host: &str) -> bool {
    host_name(host).is_some_and(|name| is_loopback_name(&name))
}

/// Whether a browser's `Origin` is the page that we serve under this `Host`.
pub(crate) fn origin_is_ours(config: &WebConfig, origin: &str, host: &str) -> bool {
    let same_host = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"))
        .is_some_and(|authority| authority.eq_ignore_ascii_case(host));
    let public = config
        .public_url
        .as_ref()
        .is_some_and(|url| url.origin().ascii_serialization() == origin);
    (same_host && host_is_ours(config, host)) || public
}

/// An address is no name: nobody can point it elsewhere, so when we listen on all of them all are ours.
fn listens_on(config: &WebConfig, ip: IpAddr) -> bool {
    let listen = config.listen.ip();
    listen == ip || listen.is_unspecified()
}

fn is_loopback_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || matches!(name, "127.0.0.1" | "::1")
}

fn host_name(host: &str) -> Option<String> {
    let authority: Authority = host.parse().ok()?;
    if authority.as_str().contains('@') {
        return None;
    }
    Some(authority.host().trim_matches(['[', ']']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str, public: Option<&str>) -> WebConfig {
        WebConfig {
            listen: listen.parse().unwrap(),
            public_url: public.map(|url| url.parse().unwrap()),
            behind_proxy: false,
            tls: None,
        }
    }

    #[test]
    fn hosts() {
        let local = config("127.0.0.1:8480", None);
        let public = config("127.0.0.1:8480", Some("https://towpath.example"));
        let all = config("0.0.0.0:8480", None);
        for (config, host, ours) in [
            (&local, "127.0.0.1:8480", true),
            (&local, "localhost:9000", true),
            (&local, "[::1]:8480", true),
            (&local, "LOCALHOST", true),
            (&local, "evil.example", false),
            (&local, "127.0.0.1.evil.example", false),
            (&local, "evil@127.0.0.1", false),
            (&local, "192.168.1.5:8480", false),
            (&local, "", false),
            (&public, "towpath.example", true),
            (&public, "evil.example", false),
            (&all, "192.168.1.5:8480", true),
            (&all, "evil.example:8480", false),
        ] {
            assert_eq!(host_is_ours(config, host), ours, "{host}");
        }
    }

    #[test]
    fn origins() {
        let local = config("127.0.0.1:8480", None);
        let public = config("127.0.0.1:8480", Some("https://towpath.example"));
        for (config, origin, host, ours) in [
            (&local, "http://127.0.0.1:8480", "127.0.0.1:8480", true),
            (&local, "http://127.0.0.1:9999", "127.0.0.1:8480", false),
            (&local, "http://evil.example", "127.0.0.1:8480", false),
            (&local, "http://evil.example", "evil.example", false),
            (&local, "null", "127.0.0.1:8480", false),
            (&public, "https://towpath.example", "127.0.0.1:8480", true),
            (
                &public,
                "https://towpath.example.evil",
                "127.0.0.1:8480",
                false,
            ),
        ] {
            assert_eq!(
                origin_is_ours(config, origin, host),
                ours,
                "{origin} {host}"
            );
        }
    }
}
