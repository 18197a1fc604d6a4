//! Keys without a `?`, which are none until their colon comes.

use super::Problem;
use super::cursor::Mark;
use super::tokens::Tokens;

/// A token that is a key if a colon follows on its line.
pub(super) struct SimpleKey {
    pub(super) is_possible: bool,
    is_required: bool,
    pub(super) token: usize,
    pub(super) mark: Mark,
}

/// A colon further behind makes no key.
const LONGEST_KEY: usize = 1024;

const NO_COLON: &str = "expected a key with `:` behind it";

impl Tokens<'_> {
    pub(super) fn is_key_valid(&mut self, key: usize) -> Result<bool, Problem> {
        let here = self.cursor.mark;
        // go-yaml would crash where there is none.
        let Some(key) = self.simple_keys.get_mut(key) else {
            return Err(self.problem("a bracket is closed that is not open"));
        };
        if !key.is_possible {
            return Ok(false);
        }
        if key.mark.line >= here.line && key.mark.index + LONGEST_KEY >= here.index {
            return Ok(true);
        }
        key.is_possible = false;
        match key.is_required {
            true => Err(Problem::new(key.mark, NO_COLON)),
            false => Ok(false),
        }
    }

    pub(super) fn save_key(&mut self) -> Result<(), Problem> {
        if !self.may_start_key {
            return Ok(());
        }
        let is_first_of_line = self.indent == Some(self.cursor.mark.column);
        let key = SimpleKey {
            is_possible: true,
            is_required: self.flow_level == 0 && is_first_of_line,
            token: self.number(),
            mark: self.cursor.mark,
        };
        self.remove_key()?;
        let innermost = self.simple_keys.len() - 1;
        self.key_of_token.insert(key.token, innermost);
        self.simple_keys[innermost] = key;
        Ok(())
    }

    pub(super) fn remove_key(&mut self) -> Result<(), Problem> {
        let Some(key) = self.simple_keys.last_mut().filter(|key| key.is_possible) else {
            return Ok(());
        };
        if key.is_required {
            return Err(Problem::new(key.mark, NO_COLON));
        }
        key.is_possible = false;
        self.key_of_token.remove(&key.token);
        Ok(())
    }
}

impl SimpleKey {
    pub(super) fn none(token: usize) -> Self {
        Self {
            is_possible: false,
            is_required: false,
            token,
            mark: Mark::default(),
        }
    }
}
