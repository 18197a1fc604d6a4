//! The log, in the manner of BuildKit's plain progress.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use towpath_model::workspace::Output;

/// Writes the log. A step that prints nothing itself is one line.
pub(crate) struct Progress<'a> {
    /// Never contended: the mutex only lets a build's future be sent between threads.
    log: Mutex<&'a mut (dyn Output + Send)>,
    /// Whether what was written last ended its line.
    at_line_start: bool,
}

/// `[2/5]`, or `[build 2/5]` where there are several stages.
#[derive(Clone, Debug)]
pub(crate) struct Label(String);

impl Label {
    pub(crate) fn new(stage: Option<&str>, step: usize, steps: usize) -> Self {
        match stage {
            Some(stage) => Self(format!("[{stage} {step}/{steps}]")),
            None => Self(format!("[{step}/{steps}]")),
        }
    }
}

impl<'a> Progress<'a> {
    pub(crate) fn new(log: &'a mut (dyn Output + Send)) -> Self {
        Self {
            log: Mutex::new(log),
            at_line_start: true,
        }
    }

    pub(crate) fn cached(&mut self, label: &Label, text: &str) {
        self.line(&format!("{} {} CACHED", label.0, one_line(text)));
    }

    /// A step that printed nothing.
    pub(crate) fn done(&mut self, label: &Label, text: &str, since: Instant) {
        let took = seconds(since.elapsed());
        self.line(&format!("{} {} DONE {took}", label.0, one_line(text)));
    }

    /// A step whose output follows; [`Progress::finished`] ends it.
    pub(crate) fn started(&mut self, label: &Label, text: &str) {
        self.line(&format!("{} {}", label.0, one_line(text)));
    }

    pub(crate) fn finished(&mut self, label: &Label, since: Instant) {
        self.line(&format!("{} DONE {}", label.0, seconds(since.elapsed())));
    }

    pub(crate) fn failed(&mut self, label: &Label, since: Instant) {
        self.line(&format!("{} ERROR {}", label.0, seconds(since.elapsed())));
    }

    pub(crate) fn exported(&mut self, image: &str, since: Instant) {
        self.line(&format!(
            "exporting {image} DONE {}",
            seconds(since.elapsed())
        ));
    }

    pub(crate) fn warning(&mut self, text: &str) {
        self.line(&format!("warning: {text}"));
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.line(text);
    }

    /// What a command prints, as it is.
    pub(crate) fn output(&mut self, chunk: &[u8]) {
        if let Some(last) = chunk.last() {
            self.at_line_start = *last == b'\n';
            self.write(chunk);
        }
    }

    fn line(&mut self, text: &str) {
        if !self.at_line_start {
            self.write(b"\n");
        }
        self.write(format!("{text}\n").as_bytes());
        self.at_line_start = true;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.log
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes);
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2}s", duration.as_secs_f64())
}

/// Continued lines are joined with their indentation, which is no help here.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
