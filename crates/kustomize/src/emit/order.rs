use std::cmp::Ordering;

/// The order in which go-yaml writes keys: letters behind other characters, numbers by their value
/// (`keyList.Less` of go.yaml.in/yaml/v2).
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let mut pairs = a.bytes().zip(b.bytes());
    match pairs.find(|(x, y)| x != y) {
        None => return a.len().cmp(&b.len()),
        Some((x, y)) if x.is_ascii_alphabetic() && y.is_ascii_alphabetic() => return x.cmp(&y),
        Some(_) => {}
    }
    if a.is_ascii() && b.is_ascii() {
        return compare_by(a.as_bytes(), b.as_bytes(), |byte| char::from(*byte));
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    compare_by(&a, &b, |c| *c)
}

fn compare_by<T: PartialEq>(a: &[T], b: &[T], to_char: impl Fn(&T) -> char) -> Ordering {
    let Some(first) = a.iter().zip(b).position(|(x, y)| x != y) else {
        return a.len().cmp(&b.len());
    };
    let (x, y) = (to_char(&a[first]), to_char(&b[first]));
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        _ => {}
    }
    let before = a[..first].iter().rev().map(&to_char);
    let in_number = (x == '0' || y == '0')
        && before
            .take_while(char::is_ascii_digit)
            .any(|digit| digit != '0');
    let start = i64::from(in_number);
    let (number_a, digits_a) = number(&a[first..], start, &to_char);
    let (number_b, digits_b) = number(&b[first..], start, &to_char);
    number_a
        .cmp(&number_b)
        .then(digits_a.cmp(&digits_b))
        .then(x.cmp(&y))
}

/// The digits at the start as a number that overflows as Go's does, and how many there are.
fn number<T>(text: &[T], start: i64, to_char: impl Fn(&T) -> char) -> (i64, usize) {
    let digits = text.iter().map_while(|c| to_char(c).to_digit(10));
    digits.fold((start, 0), |(value, count), digit| {
        let value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        (value, count + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_and_letters_come_last() {
        let mut keys = vec!["a10", "a9", "B", "a", "1", "a-b", "ab", "a.b", "a01", "a1"];
        keys.sort_by(|a, b| compare(a, b));
        assert_eq!(
            keys,
            ["1", "B", "a", "a-b", "a.b", "a1", "a01", "a9", "a10", "ab"]
        );
    }
}
