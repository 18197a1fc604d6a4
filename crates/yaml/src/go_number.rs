//! Numbers as Go's `strconv` reads them for go-yaml's `resolve`.

/// `strconv.ParseInt(text, 0, 64)`, or `ParseUint` where that overflows.
pub(crate) fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = split_sign(text);
    let (radix, digits) = split_radix(digits);
    let value = whole(digits, radix)?;
    let signed = if negative { -value } else { value };
    let had_plus = text.starts_with('+');
    let fits_signed = i64::try_from(signed).is_ok();
    let fits_unsigned = !had_plus && u64::try_from(signed).is_ok();
    (fits_signed || fits_unsigned).then_some(signed)
}

/// What go-yaml tries after `ParseInt`: the digits after `0b` (or `0o`) with a sign of their own.
pub(crate) fn integer_after_prefix(text: &str, prefix: &str, radix: u32) -> Option<i128> {
    let digits = text.strip_prefix(prefix)?;
    let (negative, digits) = split_sign(digits);
    let value = whole(digits, radix)?;
    let signed = if negative { -value } else { value };
    i64::try_from(signed).ok().map(i128::from)
}

/// go-yaml's `yamlStyleFloat`, `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, then `ParseFloat`.
pub(crate) fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_is_fine = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let mantissa_is_fine = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let value = text.parse::<f64>().ok()?;
    // ParseFloat fails where a number overflows, and the text stays a string.
    (exponent_is_fine && mantissa_is_fine && value.is_finite()).then_some(value)
}

/// `strconv.ParseFloat` of a text that begins with a point: underscores may stand between digits.
pub(crate) fn dotted_float(text: &str) -> Option<f64> {
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| text.as_bytes().get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let between = |at: usize| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1));
    let fine = text.match_indices('_').all(|(at, _)| between(at));
    if fine {
        float(&text.replace('_', ""))
    } else {
        None
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Base 0 of `strconv`: `0x`, `0b`, `0o`, a leading `0` for octal, else decimal.
fn split_radix(digits: &str) -> (u32, &str) {
    let prefixes = [
        ("0x", 16),
        ("0X", 16),
        ("0b", 2),
        ("0B", 2),
        ("0o", 8),
        ("0O", 8),
    ];
    for (prefix, radix) in prefixes {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return (radix, rest);
        }
    }
    match digits.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    }
}

/// Digits only: unlike `from_str_radix` this takes no sign.
fn whole(digits: &str, radix: u32) -> Option<i128> {
    let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    valid.then(|| i128::from_str_radix(digits, radix).ok())?
}
