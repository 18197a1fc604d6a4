//! One context of a kubeconfig with all that it needs, so that it can be taken to another machine.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kube::config::{AuthInfo, Cluster, Context, Kubeconfig, NamedAuthInfo};

use super::failure::in_full;

/// What is wrong with a kubeconfig, for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KubeconfigError(String);

/// A kubeconfig that holds one context, its cluster and its user, and names no file.
///
/// Its text is a secret.
#[derive(Clone)]
pub struct SelfContained {
    /// JSON, which is YAML too.
    pub text: String,
    pub context: String,
    /// The URL of the API server.
    pub server: String,
    /// The command of the credential plug-in (`users[].user.exec`), which whoever connects runs.
    pub plugin: Option<String>,
    /// What its user should know, a sentence each.
    pub notes: Vec<String>,
}

impl SelfContained {
    /// Reads a kubeconfig file, and the files that its current context (or the one that is named) refers to.
    pub fn from_file(path: &Path, context: Option<&str>) -> Result<Self, KubeconfigError> {
        let kubeconfig = Kubeconfig::read_from(path)
            .map_err(|error| wrong(format!("{}: {}", path.display(), in_full(&error))))?;
        Self::of(kubeconfig, context, read_in)
    }

    /// The same of a text, which must name no file: it may come from another machine.
    pub fn from_text(text: &str, context: Option<&str>) -> Result<Self, KubeconfigError> {
        let kubeconfig = Kubeconfig::from_yaml(text)
            .map_err(|error| wrong(format!("the kubeconfig: {}", in_full(&error))))?;
        Self::of(kubeconfig, context, |_, path| {
            Err(wrong(format!(
                "the kubeconfig refers to the file {path}: put its content in (`kubectl config view --raw \
                 --flatten --minify` does)"
            )))
        })
    }

    fn of(
        kubeconfig: Kubeconfig,
        context: Option<&str>,
        read: impl Fn(&str, &str) -> Result<String, KubeconfigError>,
    ) -> Result<Self, KubeconfigError> {
        let mut kubeconfig = only(kubeconfig, context)?;
        let mut notes = Vec::new();
        for cluster in kubeconfig
            .clusters
            .iter_mut()
            .filter_map(|named| named.cluster.as_mut())
        {
            take_in_cluster(cluster, &read, &mut notes)?;
        }
        for user in kubeconfig
            .auth_infos
            .iter_mut()
            .filter_map(|named| named.auth_info.as_mut())
        {
            take_in_user(user, &read, &mut notes)?;
        }
        let plugin = kubeconfig
            .auth_infos
            .iter()
            .find_map(|named| named.auth_info.as_ref()?.exec.as_ref()?.command.clone());
        Ok(Self {
            server: server(&kubeconfig)?,
            context: kubeconfig.current_context.clone().unwrap_or_default(),
            text: serde_json::to_string(&kubeconfig)
                .map_err(|error| wrong(format!("the kubeconfig: {error}")))?,
            plugin,
            notes,
        })
    }
}

/// The kubeconfig without its other contexts, clusters, users and extensions.
fn only(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Kubeconfig, KubeconfigError> {
    let known = names(
        kubeconfig
            .contexts
            .iter()
            .map(|context| context.name.as_str()),
    );
    let wanted = context
        .or(kubeconfig.current_context.as_deref())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| {
            wrong(format!(
                "the kubeconfig has no current context: name one, of {known}"
            ))
        })?
        .to_owned();
    let mut kept = Kubeconfig {
        api_version: Some("v1".to_owned()),
        kind: Some("Config".to_owned()),
        current_context: Some(wanted.clone()),
        ..Kubeconfig::default()
    };
    let named = kubeconfig
        .contexts
        .into_iter()
        .find(|context| context.name == wanted);
    let named = named.ok_or_else(|| {
        wrong(format!(
            "the kubeconfig has no context {wanted}; it has {known}"
        ))
    })?;
    let Context { cluster, user, .. } = named.context.clone().unwrap_or_default();
    kept.contexts.push(named);
    kept.clusters.extend(
        kubeconfig
            .clusters
            .into_iter()
            .find(|named| named.name == cluster),
    );
    if kept.clusters.is_empty() {
        return Err(wrong(format!(
            "the kubeconfig's context {wanted} is of a cluster {cluster}, which it does not describe"
        )));
    }
    kept.auth_infos
        .extend(user_of(kubeconfig.auth_infos, &wanted, user)?);
    Ok(kept)
}

fn user_of(
    users: Vec<NamedAuthInfo>,
    context: &str,
    user: Option<String>,
) -> Result<Option<NamedAuthInfo>, KubeconfigError> {
    let Some(user) = user.filter(|user| !user.is_empty()) else {
        return Ok(None);
    };
    let found = users.into_iter().find(|named| named.name == user);
    match found {
        Some(found) => Ok(Some(found)),
        None => Err(wrong(format!(
            "the kubeconfig's context {context} is of a user {user}, which it does not describe"
        ))),
    }
}

fn server(kubeconfig: &Kubeconfig) -> Result<String, KubeconfigError> {
    let server = kubeconfig
        .clusters
        .iter()
        .find_map(|named| named.cluster.as_ref()?.server.clone());
    server.ok_or_else(|| wrong("the kubeconfig's cluster has no server".to_owned()))
}

fn take_in_cluster(
    cluster: &mut Cluster,
    read: &impl Fn(&str, &str) -> Result<String, KubeconfigError>,
    notes: &mut Vec<String>,
) -> Result<(), KubeconfigError> {
    cluster.extensions = None;
    if let Some(path) = cluster.certificate_authority.take() {
        let content = read("certificate-authority", &path)?;
        cluster.certificate_authority_data = Some(BASE64_STANDARD.encode(content));
    }
    if cluster.insecure_skip_tls_verify == Some(true) {
        notes.push(
            "the server's certificate is not checked (insecure-skip-tls-verify): whoever is between can \
             read and change everything"
                .to_owned(),
        );
    }
    Ok(())
}

fn take_in_user(
    user: &mut AuthInfo,
    read: &impl Fn(&str, &str) -> Result<String, KubeconfigError>,
    notes: &mut Vec<String>,
) -> Result<(), KubeconfigError> {
    user.extensions = None;
    if let Some(path) = user.client_certificate.take() {
        let content = read("client-certificate", &path)?;
        user.client_certificate_data = Some(BASE64_STANDARD.encode(content));
    }
    if let Some(path) = user.client_key.take() {
        let content = read("client-key", &path)?;
        user.client_key_data = Some(BASE64_STANDARD.encode(content).into());
    }
    if let Some(path) = user.token_file.take() {
        user.token = Some(read("tokenFile", &path)?.trim().to_owned().into());
        notes.push(format!(
            "the token in {path} was read once: when it is renewed there, add the cluster again"
        ));
    }
    if let Some(command) = user.exec.as_ref().and_then(|exec| exec.command.as_deref()) {
        notes.push(format!(
            "the credentials come from the plug-in `{command}`: the server runs it as itself, so it must \
             be installed and logged in there"
        ));
    }
    Ok(())
}

fn read_in(field: &str, path: &str) -> Result<String, KubeconfigError> {
    std::fs::read_to_string(path)
        .map_err(|error| wrong(format!("the kubeconfig's {field}, {path}: {error}")))
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

fn wrong(what: String) -> KubeconfigError {
    KubeconfigError(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
apiVersion: v1
kind: Config
current-context: test
clusters:
- {name: t, cluster: {server: 'https://t.example:6443', certificate-authority-data: Q0E=}}
- {name: p, cluster: {server: 'https://p.example', insecure-skip-tls-verify: true}}
users:
- {name: tu, user: {token: test-secret}}
- {name: pu, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, args: [eks, get-token]}}}
contexts:
- {name: test, context: {cluster: t, user: tu}}
- {name: prod, context: {cluster: p, user: pu}}
- {name: lost, context: {cluster: gone, user: tu}}
- {name: nobody, context: {cluster: t, user: gone}}
";

    #[test]
    fn only_the_chosen_context_goes_along() {
        let test = SelfContained::from_text(TWO, None).unwrap();
        assert_eq!(test.context, "test");
        assert_eq!(test.server, "https://t.example:6443");
        assert_eq!(test.plugin, None);
        assert!(test.notes.is_empty());
        assert!(test.text.contains("test-secret") && !test.text.contains("p.example"));

        let prod = SelfContained::from_text(TWO, Some("prod")).unwrap();
        assert_eq!(prod.plugin.as_deref(), Some("aws"));
        assert!(!prod.text.contains("test-secret"));
        assert_eq!(prod.notes.len(), 2);
        // What came out goes in again.
        let again = SelfContained::from_text(&prod.text, None).unwrap();
        assert_eq!(again.text, prod.text);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (context, expected) in [
            (
                "other",
                "the kubeconfig has no context other; it has test, prod, lost, nobody",
            ),
            (
                "lost",
                "the kubeconfig's context lost is of a cluster gone, which it does not describe",
            ),
            (
                "nobody",
                "the kubeconfig's context nobody is of a user gone, which it does not describe",
            ),
        ] {
            let error = SelfContained::from_text(TWO, Some(context)).err().unwrap();
            assert_eq!(error.to_string(), expected);
        }
        let none = SelfContained::from_text("kind: Config", None)
            .err()
            .unwrap();
        assert_eq!(
            none.to_string(),
            "the kubeconfig has no current context: name one, of none"
        );
    }

    #[test]
    fn files_are_taken_in_where_they_are_and_refused_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), "CA").unwrap();
        std::fs::write(folder.path().join("token"), "hunter2\n").unwrap();
        let text = TWO
            .replace(
                "certificate-authority-data: Q0E=",
                "certificate-authority: ca.pem",
            )
            .replace("token: test-secret", "tokenFile: token");
        let file = folder.path().join("config");
        std::fs::write(&file, &text).unwrap();
        let taken = SelfContained::from_file(&file, None).unwrap();
        assert!(taken.text.contains("\"Q0E=\"") && taken.text.contains("\"hunter2\""));
        assert!(!taken.text.contains("ca.pem"));

        let refused = SelfContained::from_text(&text, None).err().unwrap();
        assert!(
            refused.to_string().contains("refers to the file ca.pem"),
            "{refused}"
        );

        std::fs::remove_file(folder.path().join("ca.pem")).unwrap();
        let missing = SelfContained::from_file(&file, None).err().unwrap();
        assert!(
            missing.to_string().contains("certificate-authority"),
            "{missing}"
        );
    }
}
