//! What the script tells the driver, in between of what the commands print.

use crate::flow::Position;

/// A marker is `ESC ] 7747 ; <nonce> ; <what> ESC \`, an operating system command of ECMA-48 that terminals
/// ignore. The nonce keeps output from looking like one by chance.
const BEGIN: &[u8] = b"\x1b]7747;";
const END: &[u8] = b"\x1b\\";
/// Bytes of `<what>` at most; more is not ours.
const LONGEST: usize = 80;

/// Unguessable before the build starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nonce(pub(crate) String);

impl Nonce {
    pub(crate) fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Started(Position),
    Ended(Position, i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item<'b> {
    Text(&'b [u8]),
    Marker(Marker),
}

/// Takes markers out of a stream of chunks that may end anywhere.
#[derive(Debug)]
pub(crate) struct MarkerReader {
    prefix: Vec<u8>,
    held: Vec<u8>,
}

impl MarkerReader {
    pub(crate) fn new(nonce: &Nonce) -> Self {
        let prefix = [BEGIN, nonce.as_str().as_bytes(), b";"].concat();
        Self {
            prefix,
            held: Vec::new(),
        }
    }

    /// Passes on the chunk's text and markers in order. What may be the beginning of a marker is held back.
    pub(crate) fn read(&mut self, chunk: &[u8], mut each: impl FnMut(Item<'_>)) {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(chunk);
        let mut rest: &[u8] = &held;
        while let Some(at) = rest.iter().position(|byte| *byte == BEGIN[0]) {
            let (text, candidate) = rest.split_at(at);
            pass_text(text, &mut each);
            match self.classify(candidate) {
                Candidate::Marker(marker, length) => {
                    each(Item::Marker(marker));
                    rest = &candidate[length..];
                }
                Candidate::Text => {
                    each(Item::Text(&candidate[..1]));
                    rest = &candidate[1..];
                }
                Candidate::Incomplete => {
                    self.held = candidate.to_vec();
                    return;
                }
            }
        }
        pass_text(rest, &mut each);
    }

    /// What was held back when the stream ended.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    fn classify(&self, candidate: &[u8]) -> Candidate {
        let common = candidate.len().min(self.prefix.len());
        if candidate[..common] != self.prefix[..common] {
            return Candidate::Text;
        }
        let body = &candidate[common..];
        match body.windows(END.len()).position(|window| window == END) {
            Some(at) if at <= LONGEST => match parse(&body[..at]) {
                Some(marker) => Candidate::Marker(marker, common + at + END.len()),
                None => Candidate::Text,
            },
            Some(_) => Candidate::Text,
            None if body.len() > LONGEST + END.len() => Candidate::Text,
            None => Candidate::Incomplete,
        }
    }
}

enum Candidate {
    Marker(Marker, usize),
    Text,
    Incomplete,
}

fn pass_text(text: &[u8], each: &mut impl FnMut(Item<'_>)) {
    if !text.is_empty() {
        each(Item::Text(text));
    }
}

/// `B;<position>` or `E;<position>;<exit status>`.
fn parse(body: &[u8]) -> Option<Marker> {
    let mut parts = std::str::from_utf8(body).ok()?.split(';');
    let (kind, position) = (parts.next()?, parts.next()?.parse().ok()?);
    let status = parts.next();
    match (kind, status) {
        ("B", None) => Some(Marker::Started(position)),
        ("E", Some(status)) => Some(Marker::Ended(position, status.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(chunks: &[&[u8]]) -> (String, Vec<String>) {
        let mut reader = MarkerReader::new(&Nonce("n".to_owned()));
        let (mut text, mut markers) = (Vec::new(), Vec::new());
        for chunk in chunks {
            reader.read(chunk, |item| match item {
                Item::Text(part) => text.extend_from_slice(part),
                Item::Marker(Marker::Started(position)) => markers.push(format!("B{position}")),
                Item::Marker(Marker::Ended(position, status)) => {
                    markers.push(format!("E{position}={status}"));
                }
            });
        }
        text.extend(reader.finish());
        (String::from_utf8(text).unwrap(), markers)
    }

    const STREAM: &str = "a\x1b]7747;n;B;0c1\x1b\\b\x1b[1mc\x1b]7747;n;E;0c1;127\x1b\\\x1b";

    #[test]
    fn takes_markers_out() {
        let expect = (
            "ab\x1b[1mc\x1b".to_owned(),
            vec!["B0c1".to_owned(), "E0c1=127".to_owned()],
        );
        assert_eq!(read(&[STREAM.as_bytes()]), expect);
        for at in 0..=STREAM.len() {
            let (first, second) = STREAM.as_bytes().split_at(at);
            assert_eq!(read(&[first, second]), expect, "split at {at}");
        }
        let bytes: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes), expect);
    }

    #[test]
    fn what_is_not_ours_stays() {
        for text in [
            "\x1b]7747;other;B;0c1\x1b\\",
            "\x1b]7747;n;X;0c1\x1b\\",
            "\x1b]7747;n;B;c\x1b\\",
            "\x1b]0;title\x07",
            "\x1b\x1b]",
        ] {
            assert_eq!(read(&[text.as_bytes()]), (text.to_owned(), vec![]));
        }
        let long = format!("\x1b]7747;n;{}\x1b\\", "B".repeat(1000));
        assert_eq!(read(&[long.as_bytes()]), (long, vec![]));
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[a\x1b\\];n7B0c;4]{0,80}", size in 1usize..7) {
            let whole = read(&[text.as_bytes()]);
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            prop_assert_eq!(read(&chunks), whole);
        }
    }
}
