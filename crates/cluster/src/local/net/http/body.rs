//! How long a message's content is, and where its end is (RFC 9112, sections 6 and 7).

/// A line of a chunk's size or of a trailer is no longer than this.
const LINE_LIMIT: usize = 4096;

/// What of a message's content is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// This many bytes.
    Length(u64),
    /// Chunks; where in them.
    Chunked(Chunk),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In the line with its size, of which this was seen.
    Size(Vec<u8>),
    /// This much of its data and the end of line behind it.
    Data(u64),
    /// In a line behind the last chunk, of which this was seen.
    Trailer(Vec<u8>),
    End,
}

/// The bytes are not what they said they would be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear;

impl Body {
    pub(super) const EMPTY: Self = Body::Length(0);
    pub(super) const CHUNKED: Self = Body::Chunked(Chunk::Size(Vec::new()));

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Body::Length(0) | Body::Chunked(Chunk::End))
    }

    /// Takes what belongs to the content and returns the rest.
    pub(super) fn take<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], Unclear> {
        match self {
            Body::Length(left) => Ok(skip(left, bytes)),
            Body::Chunked(chunk) => {
                while !bytes.is_empty() && *chunk != Chunk::End {
                    bytes = chunk.take(bytes)?;
                }
                Ok(bytes)
            }
        }
    }
}

impl Chunk {
    fn take<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Unclear> {
        match self {
            Chunk::Size(line) => {
                let rest = take_line(line, bytes)?;
                if line.ends_with(b"\n") {
                    *self = after_size(line)?;
                }
                Ok(rest)
            }
            Chunk::Data(left) => {
                let rest = skip(left, bytes);
                if *left == 0 {
                    *self = Chunk::Size(Vec::new());
                }
                Ok(rest)
            }
            Chunk::Trailer(line) => {
                let rest = take_line(line, bytes)?;
                match line.as_slice() {
                    b"\n" | b"\r\n" => *self = Chunk::End,
                    line if line.ends_with(b"\n") => *self = Chunk::Trailer(Vec::new()),
                    _ => {}
                }
                Ok(rest)
            }
            Chunk::End => Ok(bytes),
        }
    }
}

fn after_size(line: &[u8]) -> Result<Chunk, Unclear> {
    match httparse::parse_chunk_size(line) {
        Ok(httparse::Status::Complete((_, 0))) => Ok(Chunk::Trailer(Vec::new())),
        Ok(httparse::Status::Complete((_, size))) => {
            size.checked_add(2).map(Chunk::Data).ok_or(Unclear)
        }
        _ => Err(Unclear),
    }
}

fn skip<'a>(left: &mut u64, bytes: &'a [u8]) -> &'a [u8] {
    let count = usize::try_from(*left)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    *left -= count as u64;
    &bytes[count..]
}

/// Moves bytes to `line` up to the end of the line.
fn take_line<'a>(line: &mut Vec<u8>, bytes: &'a [u8]) -> Result<&'a [u8], Unclear> {
    let count = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |end| end + 1);
    if line.len() + count > LINE_LIMIT {
        return Err(Unclear);
    }
    line.extend_from_slice(&bytes[..count]);
    Ok(&bytes[count..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of `text` the body takes, given all at once and byte by byte.
    fn taken(body: &Body, text: &str) -> Result<(usize, bool), Unclear> {
        let (mut whole, mut piecewise) = (body.clone(), body.clone());
        let rest = whole.take(text.as_bytes())?.len();
        let mut count = 0;
        for byte in text.as_bytes().chunks(1) {
            count += 1 - piecewise.take(byte)?.len();
        }
        assert_eq!((text.len() - rest, &whole), (count, &piecewise), "{text:?}");
        Ok((count, whole.is_over()))
    }

    #[test]
    fn a_length_is_counted() {
        assert_eq!(taken(&Body::EMPTY, "GET"), Ok((0, true)));
        assert_eq!(taken(&Body::Length(3), "abcd"), Ok((3, true)));
        assert_eq!(taken(&Body::Length(9), "abcd"), Ok((4, false)));
    }

    #[test]
    fn chunks_are_followed_to_their_end() {
        let cases = [
            ("0\r\n\r\nX", Ok((5, true))),
            ("3\r\nabc\r\n0\r\n\r\nX", Ok((13, true))),
            ("A;x=y\r\n0123456789\r\n0\r\n\r\n", Ok((24, true))),
            ("1\r\na\r\n0\r\nTrailer: 1\r\n\r\nX", Ok((23, true))),
            ("3\r\nab", Ok((5, false))),
            ("zz\r\n", Err(Unclear)),
            ("ffffffffffffffff\r\n", Err(Unclear)),
        ];
        for (text, expected) in cases {
            assert_eq!(taken(&Body::CHUNKED, text), expected, "{text:?}");
        }
        assert_eq!(taken(&Body::CHUNKED, &"1".repeat(5000)), Err(Unclear));
    }
}
