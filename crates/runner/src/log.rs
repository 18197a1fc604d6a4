use towpath_model::workspace::Output;

/// The one way from a build to its log: keeps the limit and knows whether a line has ended.
pub(crate) struct Log<'o> {
    output: &'o mut (dyn Output + Send),
    limit: u64,
    written: u64,
    at_line_start: bool,
    truncated: bool,
}

impl<'o> Log<'o> {
    pub(crate) fn new(output: &'o mut (dyn Output + Send), limit: u64) -> Self {
        Self {
            output,
            limit,
            written: 0,
            at_line_start: true,
            truncated: false,
        }
    }

    /// Passes on what a command printed.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if self.truncated {
            return;
        }
        let room = usize::try_from(self.limit - self.written).unwrap_or(usize::MAX);
        self.pass(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.truncated = true;
            let limit = self.limit;
            self.note(&format!(
                "[the log ends here: it has {limit} bytes, the limit; the build goes on]"
            ));
        }
    }

    /// Writes a command as it starts, in bold so that it stands out from what it prints.
    pub(crate) fn command(&mut self, text: &str) {
        let shown = text.trim_end().replace('\n', "\n  ");
        self.end_line();
        self.write(format!("\x1b[1m$ {shown}\x1b[0m\n").as_bytes());
    }

    /// Writes a line of ours, also beyond the limit: there are only a few.
    pub(crate) fn note(&mut self, line: &str) {
        if !self.at_line_start {
            self.pass(b"\n");
        }
        self.pass(format!("{line}\n").as_bytes());
    }

    pub(crate) fn end_line(&mut self) {
        if !self.at_line_start {
            self.write(b"\n");
        }
    }

    fn pass(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        self.at_line_start = *last == b'\n';
        self.written = self
            .written
            .saturating_add(bytes.len() as u64)
            .min(self.limit);
        self.output.write(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(limit: u64, use_log: impl FnOnce(&mut Log<'_>)) -> String {
        let mut bytes = Vec::new();
        let mut output = |chunk: &[u8]| bytes.extend_from_slice(chunk);
        use_log(&mut Log::new(&mut output, limit));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn commands_start_on_their_own_line() {
        let text = logged(1000, |log| {
            log.command("printf a");
            log.write(b"a");
            log.command("set -e\ntrue\n");
            log.note("done");
        });
        assert_eq!(
            text,
            "\x1b[1m$ printf a\x1b[0m\na\n\x1b[1m$ set -e\n  true\x1b[0m\ndone\n"
        );
    }

    #[test]
    fn output_beyond_the_limit_is_dropped_and_the_log_says_so() {
        let text = logged(5, |log| {
            log.write(b"12345");
            log.write(b"6789");
            log.write(b"more");
            log.note("end");
        });
        assert_eq!(
            text,
            "12345\n[the log ends here: it has 5 bytes, the limit; the build goes on]\nend\n"
        );
    }
}
