//! The head of a CGI response (RFC 3875, section 6).

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// git's are a few hundred bytes.
pub(super) const HEAD_LIMIT: usize = 16 << 10;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("git http-backend's answer is not a CGI response: {0}")]
pub(super) struct NotCgi(&'static str);

/// Reads the head at the beginning of `bytes` and gives its length; `None` while it is not complete.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, NotCgi> {
    let mut head = Head {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
    };
    let mut at = 0;
    while let Some(length) = bytes[at..].iter().position(|&byte| byte == b'\n') {
        let line = &bytes[at..at + length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += length + 1;
        if line.is_empty() {
            return Ok(Some((head, at)));
        }
        head.add(line)?;
    }
    if bytes.len() > HEAD_LIMIT {
        Err(NotCgi("its head is too long"))
    } else {
        Ok(None)
    }
}

impl Head {
    fn add(&mut self, line: &[u8]) -> Result<(), NotCgi> {
        let colon = line
            .iter()
            .position(|&byte| byte == b':')
            .ok_or(NotCgi("a line without a colon"))?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"status") {
            let code = value.get(..3).ok_or(NotCgi("a short status"))?;
            self.status = StatusCode::from_bytes(code).map_err(|_| NotCgi("an unknown status"))?;
            return Ok(());
        }
        let name = HeaderName::from_bytes(name).map_err(|_| NotCgi("a bad header name"))?;
        let value = HeaderValue::from_bytes(value).map_err(|_| NotCgi("a bad header value"))?;
        self.headers.append(name, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_up_to_the_empty_line() {
        let bytes =
            b"Expires: Fri\r\nStatus: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nbody";
        let (head, length) = parse(bytes).unwrap().unwrap();
        assert_eq!(head.status, 404);
        assert_eq!(head.headers["content-type"], "text/plain");
        assert_eq!(&bytes[length..], b"body");
        let (head, length) = parse(b"A: b\n\nx").unwrap().unwrap();
        assert_eq!(
            (head.status.as_u16(), head.headers.len(), length),
            (200, 1, 6)
        );
    }

    #[test]
    fn an_unfinished_head_is_waited_for_up_to_the_limit() {
        assert_eq!(parse(b""), Ok(None));
        assert_eq!(parse(b"A: b\r\n\r"), Ok(None));
        assert!(parse(&vec![b'x'; HEAD_LIMIT + 1]).is_err());
    }

    #[test]
    fn what_is_no_head_is_an_error() {
        for bytes in [
            &b"no colon\n\n"[..],
            b"Status: 9\n\n",
            b"Status: abc\n\n",
            b"b\xe4d name: x\n\n",
        ] {
            assert!(parse(bytes).is_err());
        }
    }
}
