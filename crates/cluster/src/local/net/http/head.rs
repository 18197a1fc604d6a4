//! What a message's head says about its content and about the connection (RFC 9112, sections 6 and 9).

use httparse::{EMPTY_HEADER, Header, Status};

use super::body::{Body, Unclear};

const MOST_HEADERS: usize = 128;

/// A request, as far as its answer depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The answer has no content whatever its head says.
    pub(super) head_only: bool,
}

/// What an answer's head means for the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// 1xx: the real one follows.
    Interim,
    Final(Body),
}

/// Reads a request's head. [`Unclear`] when the connection does not go on as plain HTTP/1.1 after it.
pub(super) fn request(bytes: &[u8]) -> Result<(Asked, Body), Unclear> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    if !matches!(request.parse(bytes), Ok(Status::Complete(_))) || request.version != Some(1) {
        return Err(Unclear);
    }
    let fields = Fields::read(request.headers)?;
    if request.method == Some("CONNECT") || fields.upgrades || fields.closes {
        return Err(Unclear);
    }
    let head_only = request.method == Some("HEAD");
    Ok((Asked { head_only }, fields.body().unwrap_or(Body::EMPTY)))
}

/// Reads the head of an answer to `asked`.
pub(super) fn response(bytes: &[u8], asked: Asked) -> Result<Answered, Unclear> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    if !matches!(response.parse(bytes), Ok(Status::Complete(_))) || response.version != Some(1) {
        return Err(Unclear);
    }
    let fields = Fields::read(response.headers)?;
    match response.code {
        None | Some(101) => Err(Unclear),
        Some(100..=199) => Ok(Answered::Interim),
        Some(_) if fields.closes => Err(Unclear),
        Some(204 | 304) => Ok(Answered::Final(Body::EMPTY)),
        Some(_) if asked.head_only => Ok(Answered::Final(Body::EMPTY)),
        // Without a length it ends with the connection.
        Some(_) => fields.body().map(Answered::Final).ok_or(Unclear),
    }
}

#[derive(Default)]
struct Fields {
    length: Option<u64>,
    chunked: bool,
    closes: bool,
    upgrades: bool,
}

impl Fields {
    fn read(headers: &[Header<'_>]) -> Result<Self, Unclear> {
        let mut fields = Self::default();
        for header in headers {
            let value = std::str::from_utf8(header.value).map_err(|_| Unclear);
            match header.name.to_ascii_lowercase().as_str() {
                "content-length" => fields.set_length(value?)?,
                "transfer-encoding" => fields.set_encoding(value?)?,
                "connection" => fields.set_connection(value?),
                "upgrade" => fields.upgrades = true,
                _ => {}
            }
        }
        // Both at once is what request smuggling is made of.
        match fields.chunked && fields.length.is_some() {
            true => Err(Unclear),
            false => Ok(fields),
        }
    }

    fn set_length(&mut self, value: &str) -> Result<(), Unclear> {
        let length = value.trim().parse().map_err(|_| Unclear)?;
        match self.length.replace(length) {
            Some(other) if other != length => Err(Unclear),
            _ => Ok(()),
        }
    }

    fn set_encoding(&mut self, value: &str) -> Result<(), Unclear> {
        match value.trim().eq_ignore_ascii_case("chunked") && !self.chunked {
            true => self.chunked = true,
            false => return Err(Unclear),
        }
        Ok(())
    }

    fn set_connection(&mut self, value: &str) {
        let named = |option: &str| {
            value
                .split(',')
                .any(|it| it.trim().eq_ignore_ascii_case(option))
        };
        self.closes |= named("close");
        self.upgrades |= named("upgrade");
    }

    fn body(&self) -> Option<Body> {
        match self.chunked {
            true => Some(Body::CHUNKED),
            false => self.length.map(Body::Length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Asked = Asked { head_only: false };
    const HEAD: Asked = Asked { head_only: true };

    #[test]
    fn requests_say_how_long_they_are() {
        let cases = [
            ("GET / HTTP/1.1\r\nHost: x", Ok((GET, Body::EMPTY))),
            ("HEAD / HTTP/1.1", Ok((HEAD, Body::EMPTY))),
            (
                "POST / HTTP/1.1\r\nContent-Length: 5",
                Ok((GET, Body::Length(5))),
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: Chunked",
                Ok((GET, Body::CHUNKED)),
            ),
            (
                "GET / HTTP/1.1\r\nConnection: keep-alive",
                Ok((GET, Body::EMPTY)),
            ),
            ("GET / HTTP/1.0", Err(Unclear)),
            (
                "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket",
                Err(Unclear),
            ),
            ("GET / HTTP/1.1\r\nConnection: x, Close", Err(Unclear)),
            ("CONNECT a:1 HTTP/1.1", Err(Unclear)),
            (
                "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6",
                Err(Unclear),
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
                Err(Unclear),
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked",
                Err(Unclear),
            ),
            ("PRI * HTTP/2.0", Err(Unclear)),
        ];
        for (text, expected) in cases {
            assert_eq!(
                request(format!("{text}\r\n\r\n").as_bytes()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn answers_say_how_long_they_are() {
        let cases = [
            (
                GET,
                "200 OK\r\nContent-Length: 5",
                Ok(Answered::Final(Body::Length(5))),
            ),
            (
                GET,
                "200 OK\r\nTransfer-Encoding: chunked",
                Ok(Answered::Final(Body::CHUNKED)),
            ),
            (
                HEAD,
                "200 OK\r\nContent-Length: 5",
                Ok(Answered::Final(Body::EMPTY)),
            ),
            (
                GET,
                "304 Not Modified\r\nContent-Length: 5",
                Ok(Answered::Final(Body::EMPTY)),
            ),
            (GET, "204 No Content", Ok(Answered::Final(Body::EMPTY))),
            (GET, "100 Continue", Ok(Answered::Interim)),
            (GET, "101 Switching Protocols", Err(Unclear)),
            (GET, "200 OK", Err(Unclear)),
            (
                GET,
                "200 OK\r\nContent-Length: 5\r\nConnection: close",
                Err(Unclear),
            ),
        ];
        for (asked, text, expected) in cases {
            let text = format!("HTTP/1.1 {text}\r\n\r\n");
            assert_eq!(response(text.as_bytes(), asked), expected, "{text}");
        }
    }
}
