//! The field `replacements`.

use towpath_yaml::{Fields, Node};

use super::Read;
use crate::replacement::{self, ReplacementField};

impl Read<'_> {
    pub(super) fn replacement_field(&mut self, node: &Node) -> ReplacementField {
        let mut fields = self.reader.fields_of_any_case(node, "the replacement");
        let path = self.string(&mut fields, "path");
        if path.is_empty() {
            return ReplacementField::Inline(Box::new(self.replacement(fields)));
        }
        self.reader.finish(fields);
        ReplacementField::Path(path)
    }

    pub(super) fn replacement(&mut self, mut fields: Fields<'_>) -> replacement::Replacement {
        let f = &mut fields;
        let source_value = f.take("sourceValue");
        let read = replacement::Replacement {
            source: f.take("source").map(|node| self.source(node)),
            source_value: source_value
                .and_then(|node| self.reader.string(node, "sourceValue"))
                .map(str::to_owned),
            targets: self.list(f, "targets", Self::target),
        };
        self.reader.finish(fields);
        read
    }

    fn source(&mut self, node: &Node) -> replacement::Source {
        let mut fields = self.reader.fields_of_any_case(node, "`source`");
        let f = &mut fields;
        let source = replacement::Source {
            id: self.id(f),
            field_path: self.string(f, "fieldPath"),
            options: f.take("options").map(|node| self.field_options(node)),
        };
        self.reader.finish(fields);
        source
    }

    fn target(&mut self, node: &Node) -> replacement::Target {
        let mut fields = self.reader.fields_of_any_case(node, "the target");
        let f = &mut fields;
        let target = replacement::Target {
            select: f.take("select").map(|node| self.selector(node, "`select`")),
            reject: self.list(f, "reject", |read, node| read.selector(node, "`reject`")),
            field_paths: self.strings(f, "fieldPaths"),
            options: f.take("options").map(|node| self.field_options(node)),
        };
        self.reader.finish(fields);
        target
    }

    fn field_options(&mut self, node: &Node) -> replacement::FieldOptions {
        let mut fields = self.reader.fields_of_any_case(node, "`options`");
        let f = &mut fields;
        let options = replacement::FieldOptions {
            delimiter: self.string(f, "delimiter"),
            index: self.integer(f, "index"),
            encoding: self.string(f, "encoding"),
            create: self.boolean(f, "create"),
        };
        self.reader.finish(fields);
        options
    }
}
