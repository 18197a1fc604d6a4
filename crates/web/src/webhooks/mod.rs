//! Where git hosts call: `/webhooks/<provider>/<project>`, and `/webhooks/<provider>` for many repositories.
//!
//! **Architecture invariant:** the secret is chosen by the path, and a body is read by nobody before whoever sent
//! it has shown that it knows the secret. A delivery is a row before it is answered; what is done about it reads that row.

mod answer;
mod body;
mod intake;
mod organisation;
mod project;
mod subscription;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use towpath_forge::sns::{SnsError, SnsMessage};
use towpath_forge::{Delivery, HookSecret, SignatureError};
use towpath_model::{Provider, Timestamp, TopicArn};
use towpath_store::{DeliveryState, NewDelivery, Refusal, Secret};

use crate::App;
use crate::clock::now;
use answer::{Answer, Refused};
pub(crate) use intake::Intake;

/// GitHub caps its payloads at this; nobody sends more.
const BODY_LIMIT: u64 = 25 * 1024 * 1024;
/// As much of a body as is kept, in bytes.
const KEPT: usize = 64 * 1024;
const PATH_LIMIT: usize = 200;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/webhooks/{provider}", post(organisation))
        .route("/webhooks/{provider}/{project}", post(project))
}

async fn project(
    State(app): State<App>,
    Path((provider, project)): Path<(String, String)>,
    request: Request,
) -> Response {
    let provider = match provider.parse() {
        Ok(provider) => provider,
        Err(_) => return no_provider(&provider).into_response(),
    };
    let call = Call::new(&app, provider, &request);
    let handled = project::handle(&call, &project, request).await;
    call.answer(handled).await
}

async fn organisation(
    State(app): State<App>,
    Path(provider): Path<String>,
    request: Request,
) -> Response {
    let provider = match provider.parse() {
        Ok(provider) => provider,
        Err(_) => return no_provider(&provider).into_response(),
    };
    let call = Call::new(&app, provider, &request);
    let handled = organisation::handle(&call, request).await;
    call.answer(handled).await
}

/// Of this nothing is kept: whoever looks for holes tries many paths.
fn no_provider(given: &str) -> Refused {
    let given: String = given.chars().take(100).collect();
    tracing::debug!(given, "a webhook of a git host that is not known");
    Refused::unknown("it is not a git host that is known")
}

/// One request.
struct Call<'a> {
    app: &'a App,
    provider: Provider,
    path: String,
    now: Timestamp,
}

/// What it takes to be let in.
struct Door {
    secret: Secret,
    /// When there are any, Amazon SNS has to have signed the message for one of them, too.
    topics: Vec<TopicArn>,
    /// What an operator does about a wrong secret.
    help: String,
}

/// A request whose sender knows the secret.
struct Verified {
    delivery: Delivery,
    /// What Amazon SNS has signed, where that is asked for.
    message: Option<SnsMessage>,
    size: u64,
    /// The body's beginning.
    kept: String,
}

impl<'a> Call<'a> {
    fn new(app: &'a App, provider: Provider, request: &Request) -> Self {
        Self {
            app,
            provider,
            path: request.uri().path().chars().take(PATH_LIMIT).collect(),
            now: now(),
        }
    }

    /// Reads the body, then verifies, then reads what it says.
    async fn verified(&self, door: Door, request: Request) -> Result<Verified, Refused> {
        let (head, body) = request.into_parts();
        let body = body::read(&self.app.webhooks, &head.headers, body).await?;
        let size = body.len() as u64;
        let opened = self.open(&door, &head.headers, &body).await;
        let (delivery, message) = opened.map_err(|refused| refused.of_size(size))?;
        Ok(Verified {
            delivery,
            message,
            size,
            kept: beginning(&body),
        })
    }

    async fn open(
        &self,
        door: &Door,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(Delivery, Option<SnsMessage>), Refused> {
        let secret = HookSecret::new(door.secret.expose());
        towpath_forge::verify(self.provider, &secret, headers, body)
            .map_err(|error| self.unproven(&error, door, headers))?;
        let message = match door.topics.is_empty() {
            true => None,
            false => Some(self.app.sns.verify(&door.topics, body, self.now).await?),
        };
        let delivery = towpath_forge::read(self.provider, headers, body)
            .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        Ok((delivery, message))
    }

    /// Amazon SNS shows its password only when it is asked for it: that is no attempt to write down.
    fn unproven(&self, error: &SignatureError, door: &Door, headers: &HeaderMap) -> Refused {
        let reason = match error {
            SignatureError::Wrong => format!("{error}; {}", door.help),
            SignatureError::Missing(_) => error.to_string(),
        };
        let refused = Refused::new(StatusCode::UNAUTHORIZED, reason);
        let asks = matches!(error, SignatureError::Missing(_))
            && headers.contains_key("x-amz-sns-message-type");
        match self.provider {
            Provider::Codecommit if asks => refused.challenge().unremembered(),
            Provider::Codecommit => refused.challenge(),
            _ => refused,
        }
    }

    /// The row of a verified delivery; whom it is for makes its key.
    fn row(&self, verified: &Verified, scope: &str) -> NewDelivery {
        let delivery = &verified.delivery;
        NewDelivery {
            key: format!("{}/{scope}/{}", self.provider, delivery.id),
            provider: self.provider,
            path: self.path.clone(),
            project: None,
            repository: delivery.repository.clone(),
            branch: delivery.default_branch.clone(),
            event: delivery.event.clone(),
            state: DeliveryState::Ignored,
            reason: String::new(),
            size: verified.size,
            body: verified.kept.clone(),
            received_at: self.now,
        }
    }

    /// Commits the row, and only then there is an answer.
    async fn record(&self, row: NewDelivery) -> Result<Answer, Refused> {
        let (state, reason) = (row.state, row.reason.clone());
        let recorded = self.app.store.record_delivery(row).await?;
        Ok(Answer {
            delivery: recorded.id,
            state,
            repeated: !recorded.new,
            reason,
        })
    }

    /// Of what was refused the fact is kept, unless there are too many.
    async fn answer(&self, handled: Result<Answer, Refused>) -> Response {
        let refused = match handled {
            Ok(answer) => return answer.into_response(),
            Err(refused) => refused,
        };
        let (provider, path, reason) = (self.provider, &self.path, &refused.reason);
        let kept = refused.remembered && self.app.webhooks.may_remember();
        match (refused.is_ours(), refused.remembered) {
            (true, _) => tracing::error!(%provider, path, reason, "a webhook cannot be taken"),
            (false, true) if kept => {
                tracing::warn!(%provider, path, reason, "a webhook was refused");
            }
            (false, _) => tracing::debug!(%provider, path, reason, "a webhook was refused"),
        }
        if kept {
            self.remember(&refused).await;
        }
        refused.into_response()
    }

    async fn remember(&self, refused: &Refused) {
        let refusal = Refusal {
            provider: self.provider,
            path: self.path.clone(),
            reason: refused.reason.clone(),
            size: refused.size,
            received_at: self.now,
        };
        if let Err(error) = self.app.store.record_refusal(&refusal).await {
            tracing::error!(%error, "cannot write down that a webhook was refused");
        }
    }
}

impl From<SnsError> for Refused {
    fn from(error: SnsError) -> Self {
        let status = match error {
            SnsError::Malformed(_) => StatusCode::BAD_REQUEST,
            SnsError::OtherTopic { .. } => StatusCode::FORBIDDEN,
            SnsError::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
            SnsError::NotSigned { .. }
            | SnsError::Stale { .. }
            | SnsError::Address { .. }
            | SnsError::Certificate(_)
            | SnsError::Wrong => StatusCode::UNAUTHORIZED,
        };
        // Also what SNS is to send again: nobody else would tell why it does not come in.
        Self::new(status, error.to_string()).remembered()
    }
}

/// Text of at most [`KEPT`] bytes, without what a text column cannot hold.
fn beginning(body: &[u8]) -> String {
    let start = &body[..body.len().min(KEPT)];
    String::from_utf8_lossy(start).replace('\0', "\u{fffd}")
}
