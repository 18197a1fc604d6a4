use towpath_model::Diagnostic;

use crate::dockerfile::Word;

/// `COPY --chmod=`: an octal number, or chmod(1)'s symbols such as `u=rwX,go=rX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chmod {
    Exactly(u32),
    Changes(Vec<Change>),
}

/// One clause of a symbolic mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Permission bits of those who are meant: 0o700 for `u`, 0o070 for `g`, 0o007 for `o`.
    who: u32,
    how: How,
    /// One digit: 4 read, 2 write, 1 execute.
    bits: u32,
    /// `X`: execute for folders, and for files that someone may execute already.
    execute_if_any: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Add,
    Remove,
    Set,
}

impl Chmod {
    pub(crate) fn parse(word: &Word, text: &str) -> Result<Self, Diagnostic> {
        let octal = u32::from_str_radix(text, 8).ok();
        let exact = octal.filter(|mode| *mode <= 0o7777).map(Self::Exactly);
        let parsed = match octal {
            Some(_) => exact,
            None => text
                .split(',')
                .map(change)
                .collect::<Option<_>>()
                .map(Self::Changes),
        };
        parsed.ok_or_else(|| {
            Diagnostic::new(word.location.clone(), format!("`{text}` is not a mode"))
                .help("expected for example --chmod=755 or --chmod=u=rwX,go=rX")
        })
    }

    pub(crate) fn apply(&self, mode: u32, is_folder: bool) -> u32 {
        match self {
            Self::Exactly(mode) => *mode,
            Self::Changes(changes) => changes
                .iter()
                .fold(mode, |mode, change| change.apply(mode, is_folder)),
        }
    }
}

impl Change {
    fn apply(self, mode: u32, is_folder: bool) -> u32 {
        let execute = self.execute_if_any && (is_folder || mode & 0o111 != 0);
        let bits = self.bits | u32::from(execute);
        let mask = (bits << 6 | bits << 3 | bits) & self.who;
        match self.how {
            How::Add => mode | mask,
            How::Remove => mode & !mask,
            How::Set => mode & !self.who | mask,
        }
    }
}

fn change(clause: &str) -> Option<Change> {
    let operator = clause.find(['+', '-', '='])?;
    let (who, rest) = clause.split_at(operator);
    let how = match rest.as_bytes()[0] {
        b'+' => How::Add,
        b'-' => How::Remove,
        _ => How::Set,
    };
    let mut change = Change {
        who: if who.is_empty() { 0o777 } else { 0 },
        how,
        bits: 0,
        execute_if_any: false,
    };
    for ch in who.chars() {
        change.who |= match ch {
            'u' => 0o700,
            'g' => 0o070,
            'o' => 0o007,
            'a' => 0o777,
            _ => return None,
        };
    }
    for ch in rest[1..].chars() {
        match ch {
            'r' => change.bits |= 4,
            'w' => change.bits |= 2,
            'x' => change.bits |= 1,
            'X' => change.execute_if_any = true,
            _ => return None,
        }
    }
    Some(change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_numbers_or_symbols() {
        let cases = [
            ("755", 0o644, false, Some(0o755)),
            ("0755", 0o644, false, Some(0o755)),
            ("4755", 0o644, false, Some(0o4755)),
            ("u=rwX,go=rX", 0o600, false, Some(0o644)),
            ("u=rwX,go=rX", 0o700, false, Some(0o755)),
            ("u=rwX,go=rX", 0o600, true, Some(0o755)),
            ("+x", 0o644, false, Some(0o755)),
            ("a-w", 0o666, false, Some(0o444)),
            ("g+w,o=", 0o644, false, Some(0o660)),
            ("77777", 0, false, None),
            ("rwx", 0, false, None),
            ("u+q", 0, false, None),
            ("z+r", 0, false, None),
            ("", 0, false, None),
        ];
        for (text, mode, is_folder, expected) in cases {
            let word = Word {
                raw: text.to_owned(),
                location: towpath_model::Location {
                    file: "Dockerfile".into(),
                    line: 1,
                    column: 6,
                },
            };
            let got = Chmod::parse(&word, text).map(|chmod| chmod.apply(mode, is_folder));
            assert_eq!(got.ok(), expected, "{text}");
        }
    }
}
