/// Parses a duration as Go writes it, such as `1m30s` or `500ms`, into nanoseconds
/// (`time.ParseDuration`, without signs and without fractions).
pub(crate) fn nanoseconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|ch: char| !ch.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit = after
            .find(|ch: char| ch.is_ascii_digit())
            .unwrap_or(after.len());
        total = total.checked_add(count.checked_mul(unit_nanoseconds(&after[..unit])?)?)?;
        rest = &after[unit..];
    }
    (!text.is_empty()).then_some(total)
}

fn unit_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn reads_go_durations() {
        let cases = [
            ("30s", Some(30_000_000_000)),
            ("1m30s", Some(90_000_000_000)),
            ("500ms", Some(500_000_000)),
            ("", None),
            ("5", None),
            ("s", None),
            ("-1s", None),
            ("5 s", None),
            ("99999999999999999999s", None),
            ("9999999999999h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(nanoseconds(text), expected, "{text}");
        }
    }
}
