use std::io::{self, BufRead, BufReader, Read, Take, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

/// Longer than any answer's first line: the request is repeated in it, and that is at most a path.
const HEADER_LIMIT: u64 = 8 << 10;

/// `git cat-file --batch`: many objects from one process. Blocking.
pub(crate) struct Batch {
    child: Child,
    asking: Option<JoinHandle<()>>,
    answers: BufReader<ChildStdout>,
}

/// An answer; its content must be read before the next one is asked for.
pub(crate) enum Answer<'a> {
    Blob {
        size: u64,
        content: Take<&'a mut BufReader<ChildStdout>>,
    },
    /// There is such an object, but it is not a blob.
    Other,
    Missing,
}

impl Batch {
    /// Asks for all of `requests`, none of which may hold a line feed.
    pub(crate) fn start(mut command: Command, requests: Vec<Vec<u8>>) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes to git cat-file"));
        };
        // On a thread of its own, since git stops reading while its answers are not read.
        let asking = std::thread::spawn(move || {
            for request in requests {
                // When git is gone, whoever reads the answers notices.
                if stdin.write_all(&request).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            asking: Some(asking),
            answers: BufReader::new(stdout),
        })
    }

    /// The answer to the next request.
    pub(crate) fn next(&mut self) -> io::Result<Answer<'_>> {
        let mut header = Vec::new();
        (&mut self.answers)
            .take(HEADER_LIMIT)
            .read_until(b'\n', &mut header)?;
        let Some(header) = header.strip_suffix(b"\n") else {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "git cat-file stopped",
            ));
        };
        let header = String::from_utf8_lossy(header);
        if header.ends_with(" missing") || header.starts_with("dangling ") {
            return Ok(Answer::Missing);
        }
        let fields: Vec<&str> = header.split(' ').collect();
        match fields[..] {
            [_, "blob", size] => {
                let size = size.parse().map_err(io::Error::other)?;
                Ok(Answer::Blob {
                    size,
                    content: (&mut self.answers).take(size),
                })
            }
            _ => Ok(Answer::Other),
        }
    }

    /// Passes over the line feed after a blob.
    pub(crate) fn end_of_blob(&mut self) -> io::Result<()> {
        let mut end = [0];
        self.answers.read_exact(&mut end)?;
        if end == *b"\n" {
            Ok(())
        } else {
            Err(io::Error::other("git cat-file lost its way"))
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // It has ended already, or its answers are no longer wanted.
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            tracing::warn!(%error, "git cat-file did not end");
        }
        if let Some(asking) = self.asking.take()
            && asking.join().is_err()
        {
            tracing::warn!("the thread that asks git cat-file panicked");
        }
    }
}
