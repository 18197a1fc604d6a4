//! Range of a download (RFC 9110, section 14) and of an uploaded chunk (distribution spec, "Pushing a
//! blob in chunks").

use std::ops::Range;

/// What a Range header asks of content of `size` bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// No range, several, or one that is not understood: RFC 9110 lets a server send all of it.
    All,
    Part(Range<u64>),
    Unsatisfiable,
}

pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let bounds = header
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'));
    let Some((first, last)) = bounds else {
        return Wanted::All;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Wanted::All,
        (Some(first), Some(_)) if first >= size => Wanted::Unsatisfiable,
        (Some(first), Some(last)) => Wanted::Part(first..last.saturating_add(1).min(size)),
        (Some(first), None) if last.is_empty() && first >= size => Wanted::Unsatisfiable,
        (Some(first), None) if last.is_empty() => Wanted::Part(first..size),
        (None, Some(0)) if first.is_empty() => Wanted::Unsatisfiable,
        (None, Some(_)) if first.is_empty() && size == 0 => Wanted::Unsatisfiable,
        (None, Some(length)) if first.is_empty() => Wanted::Part(size.saturating_sub(length)..size),
        _ => Wanted::All,
    }
}

/// `<first>-<last>`, both inclusive; `None` when it is not of that form.
pub(super) fn chunk(header: &str) -> Option<Range<u64>> {
    let (first, last) = header.split_once('-')?;
    let range = number(first)?..number(last)?.checked_add(1)?;
    (range.start < range.end).then_some(range)
}

/// Digits only: Rust's parser also takes a plus sign.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        let cases = [
            (None, Wanted::All),
            (Some("bytes=0-0"), Wanted::Part(0..1)),
            (Some("bytes=2-5"), Wanted::Part(2..6)),
            (Some("bytes=2-"), Wanted::Part(2..10)),
            (Some("bytes=-3"), Wanted::Part(7..10)),
            (Some("bytes=-30"), Wanted::Part(0..10)),
            (Some("bytes=5-99"), Wanted::Part(5..10)),
            (Some("bytes=0-18446744073709551615"), Wanted::Part(0..10)),
            (Some("bytes=10-"), Wanted::Unsatisfiable),
            (Some("bytes=10-12"), Wanted::Unsatisfiable),
            (Some("bytes=-0"), Wanted::Unsatisfiable),
            (Some("bytes=5-2"), Wanted::All),
            (Some("bytes=0-1,4-5"), Wanted::All),
            (Some("bytes=+1-2"), Wanted::All),
            (Some("bytes=-"), Wanted::All),
            (Some("bytes=99999999999999999999-"), Wanted::All),
            (Some("lines=0-1"), Wanted::All),
        ];
        for (header, expected) in cases {
            assert_eq!(wanted(header, 10), expected, "{header:?}");
        }
        assert_eq!(wanted(Some("bytes=-1"), 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn chunks() {
        assert_eq!(chunk("0-9"), Some(0..10));
        for bad in [
            "",
            "-",
            "0",
            "5-4",
            "a-b",
            "0-18446744073709551615",
            "bytes 0-9",
            "+0-1",
        ] {
            assert_eq!(chunk(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_part_lies_within_the_content(text in "bytes=[0-9]{0,22}-[0-9]{0,22}|\\PC{0,30}", size: u64) {
            if let Wanted::Part(range) = wanted(Some(&text), size) {
                assert!(range.start < range.end && range.end <= size);
            }
            assert!(chunk(&text).is_none_or(|range| range.start < range.end));
        }
    }
}
