use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use towpath_forge::AllowPattern;
use towpath_model::{ClusterName, Provider, RefName};
use towpath_store::{
    Credential, NewWebhookAllow, RemoteSecrets, Secret, WebhookAllow, new_webhook_secret,
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, NoParameters, Query};
use super::projects::{bad, known_cluster};
use super::wire::{AllowDocument, AllowList, NewAllowDocument};
use super::{ApiError, ErrorDocument};
use crate::{App, clock::now, remotes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, allow, disallow))
}

/// Which repositories may make projects of themselves.
#[utoipa::path(get, path = "/webhook-allows", tag = "webhooks",
    responses((status = 200, body = AllowList)))]
async fn list(
    State(app): State<App>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<AllowList>, ApiError> {
    let allows = app.store.webhook_allows().await?;
    let allows = allows.iter().map(|allow| document(&app, allow)).collect();
    Ok(axum::Json(AllowList { allows }))
}

/// Lets repositories make projects of themselves by their first push to `/webhooks/<provider>`.
#[utoipa::path(post, path = "/webhook-allows", tag = "webhooks", request_body = NewAllowDocument,
    responses((status = 201, body = AllowDocument), (status = 400, body = ErrorDocument)))]
async fn allow(
    State(app): State<App>,
    Query(_): Query<NoParameters>,
    Json(given): Json<NewAllowDocument>,
) -> Result<(StatusCode, axum::Json<AllowDocument>), ApiError> {
    let webhook_secret = match &given.webhook_secret {
        Some(text) => Some(remotes::secret("webhook_secret", text)?),
        None => None,
    };
    let new = checked(given)?;
    known_cluster(&app, &new.cluster).await?;
    app.store.allow_webhook(&new, now()).await?;
    let made = ensure_secret(&app, new.provider, webhook_secret).await?;
    let mut document = document(
        &app,
        &WebhookAllow {
            provider: new.provider,
            pattern: new.pattern,
            branch: new.branch,
            cluster: new.cluster,
            namespace: new.namespace,
            username: new.username,
            sns_topic: new.sns_topic,
            created_at: now(),
        },
    );
    document.secret = match &made {
        Some(secret) => Some(secret.expose_str()?.to_owned()),
        None => None,
    };
    Ok((StatusCode::CREATED, axum::Json(document)))
}

/// The secret when this made one.
async fn ensure_secret(
    app: &App,
    provider: Provider,
    given: Option<Secret>,
) -> Result<Option<Secret>, ApiError> {
    let store = &app.store;
    let there = store.organisation_secret(provider).await?.is_some();
    let made = (given.is_none() && !there).then(new_webhook_secret);
    if let Some(secret) = given.as_ref().or(made.as_ref()) {
        store
            .set_organisation_secret(provider, secret, now())
            .await?;
    }
    Ok(made)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    pattern: String,
    /// By the host's name unless given.
    provider: Option<String>,
}

/// Lets repositories make no projects any more. Those that they made stay.
#[utoipa::path(delete, path = "/webhook-allows", tag = "webhooks", params(Which),
    responses((status = 200, body = AllowList), (status = 404, body = ErrorDocument)))]
async fn disallow(
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<axum::Json<AllowList>, ApiError> {
    let pattern = pattern(&which.pattern)?;
    let provider = provider(which.provider.as_deref(), &pattern)?;
    if !app
        .store
        .disallow_webhook(provider, pattern.as_str())
        .await?
    {
        let message = format!("{pattern} of {provider} is not allowed anyhow");
        return Err(
            ApiError::not_found("no_such_allow", message).help("see `towpath webhook allowed`")
        );
    }
    list(State(app), Query(NoParameters {})).await
}

fn checked(given: NewAllowDocument) -> Result<NewWebhookAllow, ApiError> {
    let pattern = pattern(&given.pattern)?;
    if let Some(branch) = &given.branch {
        RefName::branch(branch).map_err(bad("bad_branch"))?;
    }
    let secret =
        |what, text: Option<String>| text.map(|text| remotes::secret(what, &text)).transpose();
    let provider = provider(given.provider.as_deref(), &pattern)?;
    Ok(NewWebhookAllow {
        sns_topic: remotes::sns_topic(given.sns_topic.as_deref(), provider, None)?,
        provider,
        pattern: pattern.to_string(),
        branch: given.branch,
        cluster: match given.cluster {
            Some(cluster) => cluster.parse().map_err(bad("bad_cluster"))?,
            None => ClusterName::local(),
        },
        namespace: given
            .namespace
            .map(|namespace| namespace.parse().map_err(bad("bad_namespace")))
            .transpose()?,
        username: given.username,
        secrets: RemoteSecrets {
            credential: match secret("token", given.token)? {
                Some(token) => Credential::Token(token),
                None => Credential::None,
            },
            api_token: secret("api_token", given.api_token)?,
            webhook: None,
        },
    })
}

fn pattern(text: &str) -> Result<AllowPattern, ApiError> {
    text.parse::<AllowPattern>().map_err(bad("bad_pattern"))
}

fn provider(given: Option<&str>, pattern: &AllowPattern) -> Result<Provider, ApiError> {
    match given {
        None => Ok(Provider::of_host(pattern.host())),
        Some(given) => given.parse::<Provider>().map_err(bad("bad_provider")),
    }
}

fn document(app: &App, allow: &WebhookAllow) -> AllowDocument {
    AllowDocument {
        provider: allow.provider.to_string(),
        pattern: allow.pattern.clone(),
        branch: allow.branch.clone(),
        cluster: allow.cluster.to_string(),
        namespace: allow.namespace.as_ref().map(ToString::to_string),
        sns_topic: allow.sns_topic.as_ref().map(ToString::to_string),
        url: app.config.hook_url(allow.provider, None),
        secret: None,
        created_at: allow.created_at.to_string(),
    }
}
