use std::fmt::Write as _;

use crate::resource::{ConfiguredBy, Origin, Resource};

impl Origin {
    /// That of something named by a path in this one.
    pub(super) fn append(&self, path: &str) -> Self {
        Self {
            path: clean_join(&self.path, path),
            ..self.clone()
        }
    }

    /// That of what a builtin generator or transformer makes.
    pub(super) fn of_builtin(&self, file_name: &str, kind: &str) -> Self {
        Self {
            path: String::new(),
            configured_in: clean_join(&self.path, file_name),
            configured_by: Some(ConfiguredBy {
                api_version: "builtin".to_owned(),
                kind: kind.to_owned(),
                ..ConfiguredBy::default()
            }),
            ..self.clone()
        }
    }

    /// That of what a plugin makes, which has one where origins are tracked.
    pub(super) fn of_plugin(plugin: &Resource) -> Option<Self> {
        let origin = plugin.origin.as_ref()?;
        let gvk = plugin.gvk();
        Some(Self {
            path: String::new(),
            configured_in: origin.path.clone(),
            configured_by: Some(ConfiguredBy {
                api_version: gvk.api_version().into(),
                kind: gvk.kind.into(),
                name: plugin.name().to_owned(),
                namespace: plugin.namespace().to_owned(),
            }),
            ..origin.clone()
        })
    }

    /// The text of the annotation.
    pub(super) fn to_yaml(&self) -> String {
        let mut yaml = String::new();
        for (key, value) in [
            ("path", &self.path),
            ("repo", &self.repo),
            ("ref", &self.git_ref),
            ("configuredIn", &self.configured_in),
        ] {
            field(&mut yaml, "", key, value);
        }
        if let Some(by) = &self.configured_by {
            yaml.push_str("configuredBy:\n");
            for (key, value) in [
                ("apiVersion", &by.api_version),
                ("kind", &by.kind),
                ("name", &by.name),
                ("namespace", &by.namespace),
            ] {
                field(&mut yaml, "  ", key, value);
            }
        }
        yaml
    }
}

fn field(yaml: &mut String, indent: &str, key: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    let value = serde_json::Value::from(value);
    // Writing to a String does not fail.
    let _ = write!(yaml, "{indent}{key}: {}", towpath_yaml::to_yaml(&value));
}

/// The text of the annotation with all of them.
pub(super) fn list_to_yaml(origins: &[Origin]) -> String {
    let mut yaml = String::new();
    for origin in origins {
        for (index, line) in origin.to_yaml().lines().enumerate() {
            let indent = if index == 0 { "- " } else { "  " };
            // Writing to a String does not fail.
            let _ = writeln!(yaml, "{indent}{line}");
        }
    }
    yaml
}

/// Go's `filepath.Join`: unlike paths in the tree, these may begin with `..`.
fn clean_join(base: &str, path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in base.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    match names.is_empty() {
        true => ".".to_owned(),
        false => names.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_relative_to_what_is_built() {
        let base = Origin::default().append("../base/");
        assert_eq!(base.append("./a.yaml").to_yaml(), "path: ../base/a.yaml\n");
        let made = base.of_builtin("kustomization.yaml", "ConfigMapGenerator");
        assert_eq!(
            list_to_yaml(&[made]),
            "- configuredIn: ../base/kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n    kind: ConfigMapGenerator\n"
        );
    }
}
