//! Subscriptions of Amazon SNS: confirmed by ourselves for a topic that an operator has named, else by a person.

use towpath_forge::Notice;
use towpath_forge::sns::{SnsKind, SnsMessage};
use towpath_store::{DeliveryState, NewDelivery};
use url::Url;

use super::answer::Refused;
use super::{Call, Verified};

/// Does what a message about a subscription asks for, and says so in its row.
pub(super) async fn settle(
    call: &Call<'_>,
    verified: &Verified,
    row: &mut NewDelivery,
) -> Result<(), Refused> {
    match (&verified.delivery.notice, &verified.message) {
        (Notice::Confirm { .. }, Some(message)) => {
            call.app.sns.confirm(message).await?;
            tracing::info!(topic = %message.topic, path = call.path, "confirmed a subscription");
            row.state = DeliveryState::Done;
            row.reason = format!("confirmed the subscription to {}", message.topic);
        }
        (Notice::Confirm { url }, None) => row.reason = by_hand(url),
        (_, Some(message)) if message.kind == SnsKind::UnsubscribeConfirmation => {
            tracing::warn!(topic = %message.topic, path = call.path, "a subscription was ended");
            row.reason = ended(message);
        }
        _ => {}
    }
    Ok(())
}

fn ended(message: &SnsMessage) -> String {
    format!(
        "the subscription to {} was ended, so that nothing comes from there any more; when that was not meant, subscribe this webhook again",
        message.topic
    )
}

/// Without a topic that was named, addresses in payloads are shown, and opened by nobody but people.
fn by_hand(url: &str) -> String {
    let ours = Url::parse(url).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let amazon = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
        url.scheme() == "https" && host.starts_with("sns.") && amazon
    });
    match ours {
        true => format!(
            "to let Amazon SNS send, confirm the subscription: open {url}; with --sns-topic that is done for you, and each message's signature verified"
        ),
        false => "a subscription to confirm whose address is not Amazon's".to_owned(),
    }
}
