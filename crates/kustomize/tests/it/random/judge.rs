use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Files;

/// Upstream's packages in one process of their own.
pub(crate) struct Judge {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Output(String),
    Refusal(String),
    /// Which says nothing about what is right.
    Crash,
}

impl Judge {
    pub(crate) fn start(program: &Path) -> Self {
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Warnings of deprecated fields.
            .stderr(Stdio::null())
            .spawn()
            .expect("the judge starts");
        Self {
            requests: process.stdin.take().expect("its stdin"),
            answers: BufReader::new(process.stdout.take().expect("its stdout")),
            process,
        }
    }

    pub(crate) fn ask(&mut self, files: &Files) -> Answer {
        let (mut texts, mut binary) = (Map::new(), Map::new());
        for (path, bytes) in files {
            match std::str::from_utf8(bytes) {
                Ok(text) => texts.insert(path.clone(), text.into()),
                Err(_) => binary.insert(path.clone(), STANDARD.encode(bytes).into()),
            };
        }
        self.answer(&json!({ "files": texts, "binary": binary, "path": "overlay" }))
    }

    /// What a replacement within a text that is YAML makes of the rest of it.
    pub(crate) fn ask_text(&mut self, text: &str) -> Answer {
        self.answer(&json!({ "text": text }))
    }

    /// To a request as `judge/main.rs` has it.
    pub(crate) fn answer(&mut self, request: &Value) -> Answer {
        let mut line = request.to_string();
        line.push('\n');
        let written = self.requests.write_all(line.as_bytes());
        written.expect("the judge listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let answer: Value = serde_json::from_str(&line).expect("in JSON");
        match answer["error"].as_str() {
            Some(reason) if reason.starts_with("upstream panicked: ") => Answer::Crash,
            Some(reason) => Answer::Refusal(reason.to_owned()),
            None => Answer::Output(answer["output"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It may have ended by itself; a test that fails says why.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
