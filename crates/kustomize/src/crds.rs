//! `crds`: OpenAPI definitions of custom types, whose extensions say which fields hold names, labels and
//! annotations (upstream's `accumulator/loadconfigfromcrds.go`).

use serde_json::{Map, Value};
use towpath_model::Diagnostic;

use crate::config::{Config, Conflict, NameReference};
use crate::fieldspec::FieldSpec;
use crate::kustomization::At;
use crate::loader::Loader;
use crate::resid::Gvk;

/// Names of types to their definitions.
type Definitions = Map<String, Value>;

/// Properties that one type may have, those of the types that it refers to included.
const MOST_PROPERTIES: usize = 20_000;

/// References that may lead from one to the next.
const DEEPEST: usize = 64;

/// What the files say.
///
/// # Errors
/// When a file is missing, is neither JSON nor YAML, or has a type that refers to itself.
pub(crate) fn load(paths: &[At<String>], loader: &Loader<'_>) -> Result<Config, Diagnostic> {
    let mut config = Config::default();
    for path in paths {
        let wrong = |message: &str| {
            Diagnostic::new(path.at.clone(), format!("`{}`: {message}", path.value))
        };
        let document = loader.load_document(path)?;
        let Value::Object(definitions) = document else {
            return Err(wrong(
                "expected OpenAPI definitions by the names of their types",
            ));
        };
        let read = read(&definitions).map_err(wrong)?;
        config
            .merge(&read)
            .map_err(|Conflict| wrong("conflicting fieldspecs"))?;
    }
    Ok(config)
}

fn read(definitions: &Definitions) -> Result<Config, &'static str> {
    let mut config = Config::default();
    for (name, definition) in definitions {
        let has = |name| properties(definition).is_some_and(|all| all.contains_key(name));
        if !has("kind") || !has("apiVersion") || !has("metadata") {
            continue;
        }
        let kind = name.rsplit('.').next().unwrap_or_default();
        let mut reader = Reader {
            definitions,
            kind,
            config: Config::default(),
            left: MOST_PROPERTIES,
        };
        reader.read(definition, &mut Vec::new())?;
        config
            .merge(&reader.config)
            .map_err(|Conflict| "conflicting fieldspecs")?;
    }
    Ok(config)
}

/// Reads one type and those that it refers to.
struct Reader<'d> {
    definitions: &'d Definitions,
    kind: &'d str,
    config: Config,
    left: usize,
}

impl<'d> Reader<'d> {
    fn read(&mut self, definition: &'d Value, path: &mut Vec<&'d str>) -> Result<(), &'static str> {
        if path.len() > DEEPEST {
            return Err("a type that refers to itself");
        }
        for (name, property) in properties(definition).into_iter().flatten() {
            self.left = self
                .left
                .checked_sub(1)
                .ok_or("too many properties in one type")?;
            path.push(name);
            self.property(property, path);
            let reference = property.get("$ref").and_then(Value::as_str);
            if let Some(next) = reference.and_then(|name| self.definitions.get(name)) {
                self.read(next, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn property(&mut self, property: &'d Value, path: &[&str]) {
        let extension = |key| property.get(key).and_then(Value::as_str);
        if extension("x-kubernetes-annotation").is_some() {
            self.config.common_annotations.push(self.spec(path));
        }
        if extension("x-kubernetes-label-selector").is_some() {
            self.config.common_labels.push(self.spec(path));
        }
        if extension("x-kubernetes-identity").is_some() {
            self.config.name_prefix.push(self.spec(path));
        }
        let version = extension("x-kubernetes-object-ref-api-version");
        if let (Some(version), Some(kind)) = (version, extension("x-kubernetes-object-ref-kind")) {
            let key = extension("x-kubernetes-object-ref-name-key").unwrap_or("name");
            let target = Gvk {
                version: version.into(),
                kind: kind.into(),
                ..Gvk::default()
            };
            let referrers = vec![self.spec(&[path, &[key]].concat())];
            self.config
                .name_reference
                .push(NameReference { target, referrers });
        }
    }

    fn spec(&self, path: &[&str]) -> FieldSpec {
        let gvk = Gvk {
            kind: self.kind.into(),
            ..Gvk::default()
        };
        FieldSpec::new(gvk, &path.join("/"), false)
    }
}

fn properties(definition: &Value) -> Option<&Map<String, Value>> {
    let fields = definition.as_object()?.iter();
    let mut schemas = fields.filter(|(key, _)| key.eq_ignore_ascii_case("schema"));
    schemas.next()?.1.get("properties")?.as_object()
}
