//! How git hosts say that they are asked too often.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, StatusCode, header};

use crate::headers::{first, text};

/// Nobody means longer.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// That a host wants not to be asked for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) length: Option<Duration>,
}

/// 429, and with GitHub 403 too ("Rate limits for the REST API": `retry-after`, or nothing remains of the limit).
pub(super) fn wait(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Wait> {
    let after = text(headers, header::RETRY_AFTER.as_str());
    let remaining = first(headers, &["x-ratelimit-remaining", "ratelimit-remaining"]);
    let spent = remaining == Some("0");
    let limited = match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => after.is_some() || spent,
        _ => false,
    };
    let seconds = after.and_then(|after| after.trim().parse().ok());
    let length = seconds.map(Duration::from_secs);
    let length = length.or_else(|| until_reset(headers, now).filter(|_| spent));
    limited.then_some(Wait {
        length: length.map(|length| length.min(LONGEST)),
    })
}

/// In seconds since 1970.
fn until_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let reset = first(headers, &["x-ratelimit-reset", "ratelimit-reset"])?;
    let reset = UNIX_EPOCH + Duration::from_secs(reset.trim().parse::<u32>().ok()?.into());
    Some(reset.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, headers: &[(&'static str, &str)], expected: Option<Option<u64>>) {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap()))
            .collect();
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let status = StatusCode::from_u16(status).unwrap();
        let waits = wait(status, &headers, now).map(|wait| wait.length.map(|wait| wait.as_secs()));
        assert_eq!(waits, expected);
    }

    #[test]
    fn hosts_say_how_long_to_wait() {
        check(200, &[("retry-after", "60")], None);
        check(403, &[], None);
        check(403, &[("x-ratelimit-remaining", "12")], None);
        check(403, &[("retry-after", "60")], Some(Some(60)));
        let spent = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1300"),
        ];
        check(403, &spent, Some(Some(300)));
        check(429, &[], Some(None));
        check(429, &[("retry-after", "7")], Some(Some(7)));
        check(
            429,
            &[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")],
            Some(None),
        );
        check(429, &[("retry-after", "999999999")], Some(Some(86_400)));
        let gone = [("ratelimit-remaining", "0"), ("ratelimit-reset", "900")];
        check(429, &gone, Some(Some(0)));
    }
}
