use serde_json::Number;

/// A number as it comes out of Go's JSON and is then read and written by go-yaml.
pub(crate) fn number(number: &Number) -> String {
    match (number.is_f64(), number.as_f64()) {
        (true, Some(value)) => float(value),
        _ => number.to_string(),
    }
}

/// Whole numbers that 64 bits hold lose their point.
fn float(value: f64) -> String {
    if value == value.trunc() && (i64::MIN as f64..u64::MAX as f64).contains(&value) {
        return format!("{value:.0}");
    }
    go_float(value)
}

/// As `strconv.FormatFloat(v, 'g', -1, 64)` does.
pub(crate) fn go_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&power) {
        return value.to_string();
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (value, text) in [
            (1.1, "1.1"),
            (1000.0, "1000"),
            (1_234_567.5, "1.2345675e+06"),
            (0.00001, "1e-05"),
            (0.0001, "0.0001"),
            (1e30, "1e+30"),
        ] {
            assert_eq!(float(value), text);
        }
        assert_eq!(go_float(1_000_000.0), "1e+06");
    }
}
