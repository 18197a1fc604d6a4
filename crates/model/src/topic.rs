crate::checked_text!(
    /// An Amazon SNS topic: `arn:aws:sns:<region>:<account>:<name>`. It names the account, so that a message whose
    /// signature covers it says whose it is.
    pub TopicArn,
    TopicArnError,
    check
);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the ARN of an SNS topic: expected arn:aws:sns:REGION:ACCOUNT:NAME, also with aws-cn or aws-us-gov"
)]
pub struct TopicArnError(String);

impl TopicArn {
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }

    /// Where the topic's region serves SNS: `sns.eu-west-1.amazonaws.com`.
    pub fn endpoint_host(&self) -> String {
        let suffix = if self.0.starts_with("arn:aws-cn:") {
            ".cn"
        } else {
            ""
        };
        format!("sns.{}.amazonaws.com{suffix}", self.region())
    }
}

/// "CreateTopic": names are of letters, digits, hyphens and underscores, at most 256.
fn check(text: &str) -> Result<(), TopicArnError> {
    let word = |text: &str, more: &[u8], longest: usize| {
        (1..=longest).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let parts: Vec<&str> = text.splitn(7, ':').collect();
    let valid = match parts[..] {
        [
            "arn",
            "aws" | "aws-cn" | "aws-us-gov",
            "sns",
            region,
            account,
            name,
        ] => {
            word(region, b"-", 32)
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && word(name, b"-_", 256)
        }
        _ => false,
    };
    match valid {
        true => Ok(()),
        false => Err(TopicArnError(text.chars().take(200).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_say_their_region_and_where_it_serves() {
        for (arn, host) in [
            (
                "arn:aws:sns:us-west-2:123456789012:pushes",
                "sns.us-west-2.amazonaws.com",
            ),
            (
                "arn:aws-cn:sns:cn-north-1:123456789012:a_b-C",
                "sns.cn-north-1.amazonaws.com.cn",
            ),
            (
                "arn:aws-us-gov:sns:us-gov-west-1:123456789012:x",
                "sns.us-gov-west-1.amazonaws.com",
            ),
        ] {
            let topic: TopicArn = arn.parse().unwrap();
            assert_eq!(topic.endpoint_host(), host);
        }
    }

    #[test]
    fn what_is_no_topic_is_refused() {
        for bad in [
            "",
            "pushes",
            "arn:aws:sqs:us-west-2:123456789012:pushes",
            "arn:aws:sns:us-west-2:12345678901:pushes",
            "arn:aws:sns:us-west-2:123456789012:",
            "arn:aws:sns:us-west-2:123456789012:pushes:b24e11a2-06bd-4e73-aa29-0ed2de3b41b5",
            "arn:aws:sns:evil.example/:123456789012:pushes",
            "arn:aws:sns::123456789012:pushes",
            "arn:other:sns:us-west-2:123456789012:pushes",
        ] {
            assert!(bad.parse::<TopicArn>().is_err(), "{bad}");
        }
    }
}
