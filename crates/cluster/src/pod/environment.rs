use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use towpath_model::Namespace;

use super::config_files::{Configs, Missing, kind_name};
use crate::spec::{Container, EnvFrom, EnvSource, KeyRef};

/// What a container may learn about its pod (the downward API).
#[derive(Clone, Debug)]
pub struct Downward<'a> {
    pub name: &'a str,
    pub namespace: &'a Namespace,
    pub uid: &'a str,
    pub ip: Ipv4Addr,
    pub host_ip: Ipv4Addr,
    pub service_account: &'a str,
    pub labels: &'a BTreeMap<String, String>,
    pub annotations: &'a BTreeMap<String, String>,
}

/// The name of the only node.
const NODE: &str = "local";

impl Downward<'_> {
    fn field(&self, path: &str) -> String {
        let keyed = |prefix: &str| {
            path.strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix("']"))
        };
        if let Some(key) = keyed("metadata.labels['") {
            return self.labels.get(key).cloned().unwrap_or_default();
        }
        if let Some(key) = keyed("metadata.annotations['") {
            return self.annotations.get(key).cloned().unwrap_or_default();
        }
        match path {
            "metadata.name" => self.name.to_owned(),
            "metadata.namespace" => self.namespace.to_string(),
            "metadata.uid" => self.uid.to_owned(),
            "spec.nodeName" => NODE.to_owned(),
            "spec.serviceAccountName" => self.service_account.to_owned(),
            "status.hostIP" => self.host_ip.to_string(),
            "status.podIP" | "status.podIPs" => self.ip.to_string(),
            // Refused when the manifest was read.
            _ => String::new(),
        }
    }
}

/// The variables that the manifest gives to a container: `envFrom` in order, then `env`, which wins.
/// `$(NAME)` in a value stands for a variable defined before it.
///
/// # Errors
/// A ConfigMap, Secret or key that does not exist and is not `optional`.
pub fn environment(
    container: &Container,
    configs: &Configs,
    downward: &Downward,
) -> Result<BTreeMap<String, String>, Missing> {
    let mut env = BTreeMap::new();
    for from in &container.env_from {
        all_keys(from, configs, downward, &mut env)?;
    }
    for var in &container.env {
        let value = match &var.source {
            EnvSource::Value(value) => Some(expand(value, &env)),
            EnvSource::ConfigMap(key) => one_key(false, key, configs, downward)?,
            EnvSource::Secret(key) => one_key(true, key, configs, downward)?,
            EnvSource::Field(path) => Some(downward.field(path)),
        };
        if let Some(value) = value {
            env.insert(var.name.clone(), value);
        }
    }
    Ok(env)
}

/// Replaces `$(NAME)` by the variable; `$$` is a dollar sign, an unknown name stays as it is
/// (Kubernetes' `third_party/forked/golang/expansion`).
pub fn expand(text: &str, env: &BTreeMap<String, String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'))
        {
            match env.get(name) {
                Some(value) => expanded.push_str(value),
                None => expanded.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            expanded.push('$');
        }
    }
    expanded.push_str(rest);
    expanded
}

/// The program and its arguments. `command` replaces the image's entrypoint and with it the image's own
/// arguments; `args` replaces only these (Kubernetes, "Define a Command and Arguments for a Container").
pub fn command_line(
    container: &Container,
    entrypoint: &[String],
    cmd: &[String],
    env: &BTreeMap<String, String>,
) -> Vec<String> {
    let expanded = |words: &[String]| {
        words
            .iter()
            .map(|word| expand(word, env))
            .collect::<Vec<_>>()
    };
    match (container.command.is_empty(), container.args.is_empty()) {
        (true, true) => [entrypoint, cmd].concat(),
        (true, false) => [entrypoint.to_vec(), expanded(&container.args)].concat(),
        (false, _) => [expanded(&container.command), expanded(&container.args)].concat(),
    }
}

fn all_keys(
    from: &EnvFrom,
    configs: &Configs,
    downward: &Downward,
    env: &mut BTreeMap<String, String>,
) -> Result<(), Missing> {
    let Some(data) = configs.find(from.secret, downward.namespace, &from.name) else {
        return if from.optional {
            Ok(())
        } else {
            Err(missing_object(from.secret, &from.name))
        };
    };
    for (key, value) in &data.0 {
        env.insert(format!("{}{key}", from.prefix), text(value));
    }
    Ok(())
}

fn one_key(
    secret: bool,
    key: &KeyRef,
    configs: &Configs,
    downward: &Downward,
) -> Result<Option<String>, Missing> {
    let object = configs.find(secret, downward.namespace, &key.name);
    match object.map(|data| data.0.get(&key.key)) {
        Some(Some(value)) => Ok(Some(text(value))),
        _ if key.optional => Ok(None),
        None => Err(missing_object(secret, &key.name)),
        Some(None) => Err(Missing::Key {
            kind: kind_name(secret),
            name: key.name.clone(),
            key: key.key.clone(),
        }),
    }
}

fn missing_object(secret: bool, name: &str) -> Missing {
    Missing::Object {
        kind: kind_name(secret),
        name: name.to_owned(),
    }
}

/// A variable cannot hold NUL; the rest of the bytes is passed on as far as it is text.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollar_parentheses_are_replaced() {
        let env = BTreeMap::from([
            ("A".to_owned(), "1".to_owned()),
            ("B".to_owned(), "$(A)".to_owned()),
        ]);
        for (text, expected) in [
            ("$(A)-$(A)", "1-1"),
            ("$(B)", "$(A)"),
            ("$(C)", "$(C)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$A $", "$A $"),
            ("$(A", "$(A"),
            ("é$(A)é", "é1é"),
        ] {
            assert_eq!(expand(text, &env), expected, "{text}");
        }
    }

    #[test]
    fn command_and_args_replace_what_the_image_says() {
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        for (command, args, expected) in [
            ("", "", "entry cmd"),
            ("", "x", "entry x"),
            ("y", "", "y"),
            ("y", "x $(A)", "y x 1"),
        ] {
            let container = Container {
                command: words(command),
                args: command_args(args),
                ..Container::default()
            };
            let env = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
            let line = command_line(&container, &words("entry"), &words("cmd"), &env);
            assert_eq!(line, words(expected));
        }
    }

    fn command_args(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }
}
