/// Reads a Kubernetes quantity (`resource.Quantity`) in thousandths: `500m` is 500, `1` is 1000, `1Ki` is 1024000.
pub(super) fn milli(text: &str) -> Option<u64> {
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let factor: f64 = match suffix {
        "" => 1.0,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        exponent => power_of_ten(exponent)?,
    };
    let number: f64 = number.parse().ok()?;
    let milli = (number * factor * 1000.0).ceil();
    // Anything above is out of any machine's reach, and beyond what a float counts exactly.
    (0.0..9e15).contains(&milli).then_some(milli as u64)
}

fn power_of_ten(suffix: &str) -> Option<f64> {
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-9..=15).contains(&exponent).then(|| 10f64.powi(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quantities() {
        for (text, expected) in [
            ("500m", Some(500)),
            ("1", Some(1000)),
            ("0.5", Some(500)),
            ("64Mi", Some(64 * 1024 * 1024 * 1000)),
            ("1e3", Some(1_000_000)),
            ("2k", Some(2_000_000)),
            ("", None),
            ("-1", None),
            ("1.2.3", None),
            ("1Zi", None),
            ("Mi", None),
            ("1e99", None),
        ] {
            assert_eq!(milli(text), expected, "{text}");
        }
    }
}
