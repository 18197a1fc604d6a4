use std::fmt;

use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use towpath_model::ClusterName;

use crate::error::ClusterError;

/// How a Kubernetes API server is reached, and as whom.
#[derive(Clone, PartialEq, Eq)]
pub enum Connection {
    /// A kubeconfig file's text; its current context unless `context` names another. Files it refers to
    /// are read when connecting, credential plug-ins (`users[].user.exec`) are run by this process, never
    /// asking anybody anything.
    Kubeconfig {
        text: String,
        context: Option<String>,
    },
    /// The service account of the pod that this process runs in.
    InCluster,
    Token {
        /// `https://host:port`.
        server: String,
        token: String,
        /// PEM; the machine's own roots when there is none.
        certificate_authority: Option<String>,
    },
}

/// Credentials are never printed.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubeconfig { context, .. } => f
                .debug_struct("Kubeconfig")
                .field("context", context)
                .finish_non_exhaustive(),
            Self::InCluster => f.write_str("InCluster"),
            Self::Token { server, .. } => f
                .debug_struct("Token")
                .field("server", server)
                .finish_non_exhaustive(),
        }
    }
}

/// A client and the server's URL. Runs a credential plug-in if there is one, and speaks to nobody else.
pub(super) async fn client(
    name: &ClusterName,
    connection: Connection,
) -> Result<(Client, String), ClusterError> {
    let wrong = |why: String| ClusterError::Connection {
        cluster: name.clone(),
        why,
    };
    let config = config(connection).await.map_err(wrong)?;
    let server = config.cluster_url.to_string();
    // Plug-ins are run, and files read, while the client is made.
    let made = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
    match made {
        Ok(Ok(client)) => Ok((client, server)),
        Ok(Err(kube::Error::Auth(error))) => Err(wrong(super::failure::of_plugin(&error))),
        Ok(Err(error)) => Err(wrong(super::failure::in_full(&error))),
        Err(panicked) => Err(wrong(panicked.to_string())),
    }
}

async fn config(connection: Connection) -> Result<Config, String> {
    let mut config = match connection {
        Connection::Kubeconfig { text, context } => from_kubeconfig(&text, context).await?,
        Connection::InCluster => Config::incluster().map_err(|error| {
            format!("this server does not run in a pod with a service account: {error}")
        })?,
        Connection::Token {
            server,
            token,
            certificate_authority,
        } => from_token(&server, token, certificate_authority)?,
    };
    if let Some(exec) = &mut config.auth_info.exec {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    Ok(config)
}

async fn from_kubeconfig(text: &str, context: Option<String>) -> Result<Config, String> {
    let kubeconfig =
        Kubeconfig::from_yaml(text).map_err(|error| format!("the kubeconfig: {error}"))?;
    let known: Vec<&str> = kubeconfig
        .contexts
        .iter()
        .map(|context| context.name.as_str())
        .collect();
    if let Some(wanted) = &context
        && !known.contains(&wanted.as_str())
    {
        return Err(format!(
            "the kubeconfig has no context {wanted}; it has: {}",
            known.join(", ")
        ));
    }
    let options = KubeConfigOptions {
        context,
        ..KubeConfigOptions::default()
    };
    Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| format!("the kubeconfig: {}", super::failure::in_full(&error)))
}

fn from_token(
    server: &str,
    token: String,
    certificate_authority: Option<String>,
) -> Result<Config, String> {
    let url = server
        .parse()
        .map_err(|error| format!("{server:?} is not a URL: {error}"))?;
    let mut config = Config::new(url);
    config.root_cert = certificate_authority
        .map(|pem| certificates(&pem))
        .transpose()?;
    config.auth_info.token = Some(token.into());
    Ok(config)
}

/// The DER of each certificate.
fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, String> {
    use base64::Engine;
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let blocks = pem.split(begin).skip(1);
    let found = blocks
        .map(|block| {
            let body = block
                .split_once(end)
                .map(|(body, _)| body)
                .unwrap_or_default();
            let text: String = body.chars().filter(|c| !c.is_whitespace()).collect();
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .map_err(|error| format!("the certificate authority: {error}"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    match found.is_empty() {
        true => Err(
            "the certificate authority holds no certificate; PEM is expected, `-----BEGIN \
             CERTIFICATE-----` and so on"
                .to_owned(),
        ),
        false => Ok(found),
    }
}
