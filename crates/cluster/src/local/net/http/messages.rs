use super::body::{Body, Unclear};

/// A longer head is left alone.
const HEAD_LIMIT: usize = 64 * 1024;

/// One direction of a connection, cut into messages.
#[derive(Debug)]
pub(super) enum Messages {
    /// In a head, of which this was seen; with nothing seen, between two messages.
    Head(Vec<u8>),
    Body(Body),
}

impl Messages {
    pub(super) fn new() -> Self {
        Messages::Head(Vec::new())
    }

    pub(super) fn is_between(&self) -> bool {
        matches!(self, Messages::Head(seen) if seen.is_empty())
    }

    /// Follows the next bytes; `on_head` is given each whole head and says what content comes after it.
    pub(super) fn follow(
        &mut self,
        mut bytes: &[u8],
        mut on_head: impl FnMut(&[u8]) -> Result<Body, Unclear>,
    ) -> Result<(), Unclear> {
        while !bytes.is_empty() {
            match self {
                Messages::Head(seen) => {
                    bytes = take_head(seen, bytes)?;
                    if seen.ends_with(b"\r\n\r\n") {
                        *self = Messages::Body(on_head(seen)?);
                    }
                }
                Messages::Body(body) => bytes = body.take(bytes)?,
            }
            if matches!(self, Messages::Body(body) if body.is_over()) {
                *self = Messages::new();
            }
        }
        Ok(())
    }
}

/// Moves bytes to `seen` up to the empty line.
fn take_head<'a>(seen: &mut Vec<u8>, bytes: &'a [u8]) -> Result<&'a [u8], Unclear> {
    for (index, byte) in bytes.iter().enumerate() {
        // Something else than HTTP, such as TLS, shows at once.
        if seen.is_empty() && !byte.is_ascii_uppercase() {
            return Err(Unclear);
        }
        seen.push(*byte);
        if *byte == b'\n' && seen.ends_with(b"\r\n\r\n") {
            return Ok(&bytes[index + 1..]);
        }
    }
    match seen.len() > HEAD_LIMIT {
        true => Err(Unclear),
        false => Ok(&[]),
    }
}
