use towpath_model::workspace::Output;
use towpath_store::{LogWriter, StoreError};

/// The log of an attempt. Writing never fails half-way through a build: the first error is kept for the end.
pub(super) struct ActionLog {
    writer: LogWriter,
    error: Option<StoreError>,
}

impl ActionLog {
    pub(super) fn new(writer: LogWriter) -> Self {
        Self {
            writer,
            error: None,
        }
    }

    /// Writes a line of ours.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.write(format!("{}\n", line.as_ref()).as_bytes());
    }

    /// The error that kept something out of the log, if there was one.
    pub(super) fn take_error(&mut self) -> Option<StoreError> {
        self.error.take()
    }
}

impl Output for ActionLog {
    fn write(&mut self, chunk: &[u8]) {
        if self.error.is_none()
            && let Err(error) = self.writer.write(chunk)
        {
            self.error = Some(error);
        }
    }
}
