//! The shell patterns of `${name#pattern}` and `${name%pattern}`: `*`, `?` and `\`.

/// Which match is cut off when several do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greed {
    Shortest,
    Longest,
}

pub(crate) fn without_prefix<'a>(value: &'a str, pattern: &str, greed: Greed) -> &'a str {
    let matched = matched_length(&mut value.chars(), &parse(pattern), greed);
    let bytes: usize = value.chars().take(matched).map(char::len_utf8).sum();
    value.get(bytes..).unwrap_or(value)
}

pub(crate) fn without_suffix<'a>(value: &'a str, pattern: &str, greed: Greed) -> &'a str {
    let mut reversed = parse(pattern);
    reversed.reverse();
    let matched = matched_length(&mut value.chars().rev(), &reversed, greed);
    let bytes: usize = value.chars().rev().take(matched).map(char::len_utf8).sum();
    value.get(..value.len() - bytes).unwrap_or(value)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Star,
    Any,
    Char(char),
}

fn parse(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(ch) = chars.next() {
        parts.push(match ch {
            '*' => Part::Star,
            '?' => Part::Any,
            '\\' => Part::Char(chars.next().unwrap_or('\\')),
            ch => Part::Char(ch),
        });
    }
    parts.dedup_by(|a, b| *a == Part::Star && *b == Part::Star);
    parts
}

/// How many characters the pattern matches from the front, 0 when it does not match.
///
/// Every position of the pattern that may be reached is carried along, so the time is the product of the
/// two lengths at worst, whatever the pattern.
fn matched_length(chars: &mut dyn Iterator<Item = char>, parts: &[Part], greed: Greed) -> usize {
    let mut reached = vec![false; parts.len() + 1];
    reached[0] = true;
    skip_stars(&mut reached, parts);
    let mut matched = 0;
    if reached[parts.len()] && greed == Greed::Shortest {
        return 0;
    }
    for (index, ch) in chars.enumerate() {
        reached = step(&reached, parts, ch);
        if reached[parts.len()] {
            matched = index + 1;
            if greed == Greed::Shortest {
                return matched;
            }
        }
        if !reached.contains(&true) {
            break;
        }
    }
    matched
}

fn step(reached: &[bool], parts: &[Part], ch: char) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    for (index, part) in parts
        .iter()
        .enumerate()
        .filter(|(index, _)| reached[*index])
    {
        match part {
            Part::Star => next[index] = true,
            Part::Any => next[index + 1] = true,
            Part::Char(wanted) if *wanted == ch => next[index + 1] = true,
            Part::Char(_) => {}
        }
    }
    skip_stars(&mut next, parts);
    next
}

fn skip_stars(reached: &mut [bool], parts: &[Part]) {
    for (index, part) in parts.iter().enumerate() {
        if reached[index] && *part == Part::Star {
            reached[index + 1] = true;
        }
    }
}
