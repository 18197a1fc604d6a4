//! Which part of receive-pack's answer may go ahead of the commit of the push's events
//! (gitprotocol-pack(5), "Report Status" and "side-band-64k").

use bytes::{Bytes, BytesMut};

/// A status line for each of 100,000 refs fits.
const REPORT_LIMIT: usize = 16 << 20;
const DATA: u8 = 1;
const PROGRESS: u8 = 2;
const FATAL: u8 = 3;

/// Lets progress through as it comes and holds the report, which says whether the push succeeded.
#[derive(Default)]
pub(super) struct Report {
    held: BytesMut,
    holding: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Report {
    /// Takes more of git's answer and gives what may be sent now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Bytes, TooLong> {
        self.held.extend_from_slice(bytes);
        let mut ready = 0;
        while !self.holding {
            match next_packet(&self.held[ready..]) {
                Packet::Ahead(length) => ready += length,
                Packet::Incomplete => break,
                Packet::Report => self.holding = true,
            }
        }
        if self.held.len() - ready > REPORT_LIMIT {
            return Err(TooLong);
        }
        Ok(self.held.split_to(ready).freeze())
    }

    /// What was held, for when the events are committed.
    pub(super) fn release(self) -> Bytes {
        self.held.freeze()
    }

    /// What to send instead of the report, for when they could not be: an error that git clients show and
    /// fail with. `None` when the client asked for no side band, so that there is no way to say it.
    pub(super) fn refuse(&self, message: &str) -> Option<Bytes> {
        let side_band = self.holding && self.held.get(4) == Some(&DATA);
        side_band.then(|| format!("{:04x}{}{message}", message.len() + 5, char::from(FATAL)).into())
    }
}

enum Packet {
    /// Progress, or a sign of life, of this many bytes.
    Ahead(usize),
    Incomplete,
    Report,
}

fn next_packet(bytes: &[u8]) -> Packet {
    let Some(digits) = bytes.get(..4) else {
        return Packet::Incomplete;
    };
    let length = std::str::from_utf8(digits)
        .ok()
        .and_then(|hex| usize::from_str_radix(hex, 16).ok());
    match (length, bytes.get(4)) {
        // Receive-pack's keep-alive is an empty packet of data.
        (Some(5), Some(&DATA)) => Packet::Ahead(5),
        (Some(length @ 5..), Some(&PROGRESS)) if bytes.len() >= length => Packet::Ahead(length),
        (Some(5..), Some(&PROGRESS) | None) => Packet::Incomplete,
        _ => Packet::Report,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRESS_PACKET: &[u8] = b"000b\x02hello\n";
    const KEEP_ALIVE: &[u8] = b"0005\x01";
    const REPORT: &[u8] = b"0017\x01000eunpack ok\n00000000";

    #[test]
    fn progress_goes_ahead_and_the_report_waits_however_it_is_cut() {
        let answer = [PROGRESS_PACKET, KEEP_ALIVE, PROGRESS_PACKET, REPORT].concat();
        let ahead = [PROGRESS_PACKET, KEEP_ALIVE, PROGRESS_PACKET].concat();
        for size in 1..=answer.len() {
            let mut report = Report::default();
            let sent: Vec<u8> = answer
                .chunks(size)
                .flat_map(|piece| report.push(piece).unwrap())
                .collect();
            assert_eq!(sent, ahead, "in pieces of {size}");
            assert_eq!(report.release(), REPORT);
        }
    }

    #[test]
    fn without_side_band_everything_waits() {
        let mut report = Report::default();
        assert_eq!(report.push(b"000eunpack ok\n0000").unwrap(), "");
        assert_eq!(report.refuse("no"), None);
        assert_eq!(report.release(), "000eunpack ok\n0000");
    }

    #[test]
    fn progress_after_the_report_keeps_its_place() {
        let mut report = Report::default();
        assert_eq!(report.push(REPORT).unwrap(), "");
        assert_eq!(report.push(PROGRESS_PACKET).unwrap(), "");
        assert_eq!(report.release(), [REPORT, PROGRESS_PACKET].concat());
    }

    #[test]
    fn a_refusal_is_a_fatal_packet() {
        let mut report = Report::default();
        report.push(REPORT).unwrap();
        assert_eq!(report.refuse("no").unwrap(), &b"0007\x03no"[..]);
    }

    #[test]
    fn an_endless_report_is_an_error() {
        let mut report = Report::default();
        report.push(b"000eunpack ok\n").unwrap();
        assert_eq!(report.push(&vec![0; REPORT_LIMIT]), Err(TooLong));
    }

    #[test]
    fn what_is_no_packet_waits() {
        for bytes in [&b"zzzz\x02"[..], b"0000", b"0004", b"\xff\xff\xff\xff\x02"] {
            assert_eq!(Report::default().push(bytes).unwrap(), "");
        }
    }
}
