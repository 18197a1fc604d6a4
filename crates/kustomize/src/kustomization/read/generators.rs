//! The fields `configMapGenerator`, `secretGenerator` and `generatorOptions`.

use towpath_yaml::{Fields, Node};

use super::Read;
use crate::kustomization::{GeneratorArgs, GeneratorOptions, SecretArgs};

impl Read<'_> {
    pub(super) fn config_map(&mut self, node: &Node) -> GeneratorArgs {
        let mut fields = self
            .reader
            .fields_of_any_case(node, "the ConfigMap's generator");
        let args = self.generator(&mut fields);
        self.reader.finish(fields);
        args
    }

    pub(super) fn secret(&mut self, node: &Node) -> SecretArgs {
        let mut fields = self
            .reader
            .fields_of_any_case(node, "the Secret's generator");
        let secret = SecretArgs {
            args: self.generator(&mut fields),
            secret_type: self.string(&mut fields, "type"),
        };
        self.reader.finish(fields);
        secret
    }

    pub(super) fn generator(&mut self, f: &mut Fields<'_>) -> GeneratorArgs {
        let mut args = GeneratorArgs {
            namespace: self.string(f, "namespace"),
            name: self.string(f, "name"),
            behavior: self.string(f, "behavior"),
            literals: self.strings(f, "literals"),
            files: self.strings(f, "files"),
            envs: self.strings(f, "envs"),
            options: self.options(f, "options"),
        };
        let env = self.string(f, "env");
        if !env.is_empty() {
            args.envs.push(env);
        }
        args
    }

    pub(super) fn options(&mut self, f: &mut Fields<'_>, key: &'static str) -> GeneratorOptions {
        let Some(node) = f.take(key) else {
            return GeneratorOptions::default();
        };
        let mut fields = self.reader.fields_of_any_case(node, key);
        let options = GeneratorOptions {
            labels: self.map(&mut fields, "labels"),
            annotations: self.map(&mut fields, "annotations"),
            disable_name_suffix_hash: self.boolean(&mut fields, "disableNameSuffixHash"),
            immutable: self.boolean(&mut fields, "immutable"),
        };
        self.reader.finish(fields);
        options
    }
}
