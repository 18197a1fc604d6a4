use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use towpath_store::SessionSecret;

use crate::WebConfig;

/// How long a browser stays logged in.
pub(crate) const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// Cookies do not know ports: the port is in the name so that two servers on one machine keep apart.
fn name(config: &WebConfig) -> String {
    format!("towpath_session_{}", config.listen.port())
}

pub(crate) fn session_cookie(config: &WebConfig, secret: &SessionSecret) -> Option<HeaderValue> {
    cookie(config, secret.expose(), LIFETIME.as_secs())
}

pub(crate) fn clear_cookie(config: &WebConfig) -> Option<HeaderValue> {
    cookie(config, "", 0)
}

pub(crate) fn read_cookie(config: &WebConfig, headers: &HeaderMap) -> Option<SessionSecret> {
    let name = name(config);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| SessionSecret::from_cookie(value))
}

fn cookie(config: &WebConfig, value: &str, max_age: u64) -> Option<HeaderValue> {
    let secure = if config.browsers_use_tls() {
        "; Secure"
    } else {
        ""
    };
    let name = name(config);
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}"
    ))
    .ok()
}
