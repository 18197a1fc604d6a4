use std::collections::BTreeMap;

use super::reader::Fields;

/// Which labels belong to us (`LabelSelector`). An empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub labels: BTreeMap<String, String>,
    expressions: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Expression {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Selector {
    pub fn from_labels(labels: BTreeMap<String, String>) -> Self {
        Self {
            labels,
            expressions: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
            && self
                .expressions
                .iter()
                .all(|expression| expression.matches(labels))
    }
}

impl Expression {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

pub(super) fn read(fields: Fields) -> Selector {
    let selector = Selector {
        labels: fields.string_map("matchLabels"),
        expressions: fields
            .items("matchExpressions")
            .into_iter()
            .filter_map(expression)
            .collect(),
    };
    fields.finish();
    selector
}

fn expression(fields: Fields) -> Option<Expression> {
    let key = fields.required_string("key");
    let values = fields.strings("values");
    let operator = match fields.required_string("operator").as_str() {
        "In" => Some(Operator::In),
        "NotIn" => Some(Operator::NotIn),
        "Exists" => Some(Operator::Exists),
        "DoesNotExist" => Some(Operator::DoesNotExist),
        other => {
            fields.error(
                "operator",
                format!("unknown operator {other:?}; one of In, NotIn, Exists, DoesNotExist"),
            );
            None
        }
    };
    fields.finish();
    Some(Expression {
        key,
        operator: operator?,
        values,
    })
}
