//! Anchors, aliases and tags (`yaml_parser_scan_anchor` and `yaml_parser_scan_tag`).

use super::Problem;
use super::cursor::is_word;
use super::tokens::{Tokens, Value};

impl Tokens<'_> {
    /// The name behind a `&` or `*`.
    pub(super) fn scan_anchor(&mut self) -> Result<Box<str>, Problem> {
        self.cursor.skip();
        let name = self.take_word();
        let is_ended = self.cursor.is_blank_or_end(0) || b"?:,]}%@`".contains(&self.cursor.here());
        match !name.is_empty() && is_ended {
            true => Ok(name),
            false => {
                Err(self.problem("the name of an anchor has letters, digits, `-` and `_` only"))
            }
        }
    }

    fn take_word(&mut self) -> Box<str> {
        self.cursor.skip_while(is_word).into()
    }

    /// `!<uri>`, `!handle!uri`, `!uri` or `!`.
    pub(super) fn scan_tag(&mut self) -> Result<Value, Problem> {
        let tag = match self.cursor.ahead(1) {
            b'<' => self.scan_whole_tag()?,
            _ => self.scan_short_tag()?,
        };
        match self.cursor.is_blank_or_end(0) {
            true => Ok(tag),
            false => Err(self.problem("expected white space behind the tag")),
        }
    }

    fn scan_whole_tag(&mut self) -> Result<Value, Problem> {
        self.cursor.skip();
        self.cursor.skip();
        let suffix = self.take_uri("")?;
        if self.cursor.here() != b'>' {
            return Err(self.problem("expected the `>` that ends the tag"));
        }
        self.cursor.skip();
        Ok(tag("", &suffix))
    }

    fn scan_short_tag(&mut self) -> Result<Value, Problem> {
        let handle = self.take_handle()?;
        if handle.len() > 1 && handle.ends_with('!') {
            let suffix = self.take_uri("")?;
            return Ok(tag(&handle, &suffix));
        }
        let suffix = self.take_uri(&handle)?;
        Ok(match suffix.is_empty() {
            true => tag("", "!"),
            false => tag("!", &suffix),
        })
    }

    /// `!`, `!word` or `!word!`.
    pub(super) fn take_handle(&mut self) -> Result<String, Problem> {
        if self.cursor.here() != b'!' {
            return Err(self.problem("expected a `!`"));
        }
        self.cursor.skip();
        let mut handle = format!("!{}", self.take_word());
        if self.cursor.here() == b'!' {
            self.cursor.skip();
            handle.push('!');
        }
        Ok(handle)
    }

    /// What a tag is called, its start being what was taken for a handle and is none.
    pub(super) fn take_uri(&mut self, start: &str) -> Result<String, Problem> {
        let at = self.cursor.at();
        let mut uri = start.get(1..).unwrap_or_default().as_bytes().to_vec();
        while is_in_uri(self.cursor.here()) {
            match self.cursor.here() {
                b'%' => self.take_octets(&mut uri)?,
                byte => {
                    self.cursor.skip();
                    uri.push(byte);
                }
            }
        }
        if start.is_empty() && self.cursor.at() == at {
            return Err(self.problem("expected the name of a tag"));
        }
        String::from_utf8(uri).map_err(|_| self.problem("the name of the tag is not UTF-8"))
    }

    /// One character as `%C3%A9`.
    fn take_octets(&mut self, uri: &mut Vec<u8>) -> Result<(), Problem> {
        let first = self.take_octet()?;
        uri.push(first);
        let others = match first {
            0..=0x7f => 0,
            0xc0..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf7 => 3,
            _ => return Err(self.problem("the name of the tag is not UTF-8")),
        };
        for _ in 0..others {
            uri.push(self.take_octet()?);
        }
        Ok(())
    }

    fn take_octet(&mut self) -> Result<u8, Problem> {
        let digits = [1, 2].map(|ahead| char::from(self.cursor.ahead(ahead)).to_digit(16));
        let [Some(high), Some(low)] = digits else {
            return Err(self.problem("expected `%` and two hexadecimal digits"));
        };
        if self.cursor.here() != b'%' {
            return Err(self.problem("expected `%` and two hexadecimal digits"));
        }
        (0..3).for_each(|_| self.cursor.skip());
        Ok(u8::try_from(high * 16 + low).unwrap_or_default())
    }
}

fn tag(handle: &str, suffix: &str) -> Value {
    Value::Tag {
        handle: handle.into(),
        suffix: suffix.into(),
    }
}

fn is_in_uri(byte: u8) -> bool {
    is_word(byte) || b";/?:@&=+$,.!~*'()[]%".contains(&byte)
}
