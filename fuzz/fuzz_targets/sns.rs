#![no_main]
use libfuzzer_sys::fuzz_target;
use towpath_forge::sns::{SnsError, verify_with};
use towpath_model::{Timestamp, TopicArn};

/// The time of the messages in the corpus: 2026-11-20T12:00:00Z.
const NOW: Timestamp = Timestamp(1_795_176_000_000);

// A message, a NUL byte, and the file of the certificate that it names. Nobody can sign for SNS.
fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
    let (body, certificate) = input.split_at(end);
    let topic: TopicArn = "arn:aws:sns:eu-west-1:123456789012:pushes".parse().expect("a topic");
    let certificate = certificate.get(1..).unwrap_or_default();
    let wrong = verify_with(&[topic], body, certificate, NOW).expect_err("nobody has signed it");
    assert!(!matches!(wrong, SnsError::Unreachable(_)), "it reached out");
});
