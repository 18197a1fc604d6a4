use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde_json::Value;
use smol_str::SmolStr;

use super::definition::{self, Definition};
use super::document;
use crate::scope::{GVK, Scopes, type_of};

/// Which lists merge, and by which keys: an OpenAPI document with Kubernetes' extensions.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    definitions: HashMap<Name, Definition>,
    /// `apiVersion` and `kind` to the name of a definition.
    kinds: HashMap<(SmolStr, SmolStr), Name>,
    /// What its paths tell of types that are not Kubernetes' own.
    scopes: Arc<Scopes>,
}

type Name = Cow<'static, str>;

/// The schema of a type or a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type<'s> {
    schema: &'s Schema,
    node: &'s Value,
}

/// More references in a row than this are a cycle.
const MOST_REFERENCES: usize = 32;

impl Schema {
    /// The schema that counts when the kustomization names no other.
    pub(crate) fn builtin() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let mut schema = Schema::default();
            for row in definition::rows() {
                let name = Name::from(row.name);
                let kinds = row.kinds.into_iter().map(|kind| (kind, name.clone()));
                schema.kinds.extend(kinds);
                schema.definitions.insert(name, row.definition);
            }
            schema
        });
        &SCHEMA
    }

    /// From the `definitions` of an OpenAPI document; a document without any knows no type.
    pub(crate) fn from_openapi(mut document: Value) -> Self {
        let mut schema = Self::default();
        let Some(Value::Object(definitions)) = document.get_mut("definitions").map(Value::take)
        else {
            return schema;
        };
        for (name, node) in definitions {
            let name = Name::from(name);
            let kinds = node.get(GVK).and_then(Value::as_array);
            let kinds = kinds.into_iter().flatten().filter_map(type_of);
            schema.kinds.extend(kinds.map(|kind| (kind, name.clone())));
            schema.definitions.insert(name, Definition::Read(node));
        }
        schema
    }

    /// The same for a document of a kustomization's own, whose paths tell of scopes.
    ///
    /// # Errors
    /// When it is no OpenAPI document.
    pub(crate) fn own(document: Value) -> Result<Self, String> {
        document::check(&document)?;
        let is_known = |api_version: &str, kind: &str| Self::builtin().knows(api_version, kind);
        let scopes = Arc::new(Scopes::of(document.get("paths"), is_known));
        Ok(Self {
            scopes,
            ..Self::from_openapi(document)
        })
    }

    /// None where its paths tell of no type.
    pub(crate) fn scopes(&self) -> Option<&Arc<Scopes>> {
        Some(&self.scopes).filter(|scopes| !scopes.is_empty())
    }

    /// The same where the builtin one tells nothing of a type.
    pub(crate) fn under_builtin(mut self) -> Self {
        let builtin = Self::builtin();
        self.definitions.extend(builtin.definitions.clone());
        self.kinds.extend(builtin.kinds.clone());
        self
    }

    /// The same with the builtin one for all other types.
    pub(crate) fn over_builtin(self) -> Self {
        let Self {
            definitions,
            kinds,
            scopes,
        } = self;
        let builtin = Self::builtin();
        let mut both = Self {
            definitions: builtin.definitions.clone(),
            kinds: builtin.kinds.clone(),
            scopes,
        };
        both.definitions.extend(definitions);
        both.kinds.extend(kinds);
        both
    }

    /// Whether there is a schema of this type.
    pub(crate) fn knows(&self, api_version: &str, kind: &str) -> bool {
        self.kinds.contains_key(&(api_version.into(), kind.into()))
    }

    /// The schema of a type.
    pub(super) fn of_kind(&self, api_version: &str, kind: &str) -> Option<Type<'_>> {
        let name = self.kinds.get(&(api_version.into(), kind.into()))?;
        let node = self.definitions.get(name)?.node();
        Some(Type { schema: self, node })
    }
}

impl<'s> Type<'s> {
    pub(super) fn field(self, name: &str) -> Option<Self> {
        let property = self.node.get("properties").and_then(|all| all.get(name));
        self.resolve(property.or_else(|| self.values())?)
    }

    /// Of the values of a mapping whose keys are names; `additionalProperties: true` says nothing of them.
    fn values(self) -> Option<&'s Value> {
        self.node
            .get("additionalProperties")
            .filter(|node| node.is_object())
    }

    /// Of the elements of a list.
    pub(super) fn elements(self) -> Option<Self> {
        match self.node.get("type")?.as_str()? {
            "array" => self.resolve(self.node.get("items")?),
            _ => None,
        }
    }

    /// Whether lists are merged rather than replaced.
    pub(super) fn merges(self) -> bool {
        let strategy = self.text("x-kubernetes-patch-strategy").unwrap_or_default();
        strategy.split(',').any(|part| part == "merge")
    }

    /// The keys by which elements are the same, none where these are scalars.
    pub(super) fn merge_keys(self) -> Vec<&'s str> {
        match self
            .node
            .get("x-kubernetes-list-map-keys")
            .and_then(Value::as_array)
        {
            Some(keys) => keys.iter().filter_map(Value::as_str).collect(),
            None => self
                .text("x-kubernetes-patch-merge-key")
                .into_iter()
                .collect(),
        }
    }

    fn text(self, key: &str) -> Option<&'s str> {
        self.node.get(key)?.as_str()
    }

    fn resolve(self, mut node: &'s Value) -> Option<Self> {
        for _ in 0..MOST_REFERENCES {
            let Some(reference) = node.get("$ref").and_then(Value::as_str) else {
                return Some(Type { node, ..self });
            };
            let name = reference.strip_prefix("#/definitions/")?;
            node = self.schema.definitions.get(name)?.node();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_the_merge_keys_of_kubernetes() {
        let deployment = Schema::builtin().of_kind("apps/v1", "Deployment").unwrap();
        let path = ["spec", "template", "spec", "containers"];
        let containers = path
            .iter()
            .try_fold(deployment, |node, name| node.field(name));
        let containers = containers.unwrap();
        assert!(containers.merges());
        assert_eq!(containers.merge_keys(), ["name"]);
        let container = containers.elements().unwrap();
        assert_eq!(
            container.field("ports").unwrap().merge_keys(),
            ["containerPort", "protocol"]
        );
        assert!(container.field("args").is_none());
        assert!(
            Schema::builtin()
                .of_kind("example.com/v1", "Deployment")
                .is_none()
        );
    }

    #[test]
    fn references_in_a_circle_end() {
        let document = serde_json::json!({"definitions": {"a": {
            "properties": {"b": {"$ref": "#/definitions/c"}},
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "A"}],
        }, "c": {"$ref": "#/definitions/c"}}});
        let schema = Schema::from_openapi(document);
        assert!(schema.of_kind("v1", "A").unwrap().field("b").is_none());
    }
}
