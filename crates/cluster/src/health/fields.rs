use serde_json::Value;

/// Reads an object of which nothing is certain.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Value);

pub(super) struct Condition<'a> {
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn at(self, pointer: &str) -> Option<&'a Value> {
        self.0.pointer(pointer).filter(|value| !value.is_null())
    }

    pub(super) fn text(self, pointer: &str) -> Option<&'a str> {
        self.at(pointer)?.as_str()
    }

    pub(super) fn number(self, pointer: &str) -> Option<i64> {
        self.at(pointer)?.as_i64()
    }

    /// A count in the status: zeros are left out there.
    pub(super) fn count(self, pointer: &str) -> i64 {
        self.number(pointer).unwrap_or(0)
    }

    pub(super) fn list(self, pointer: &str) -> &'a [Value] {
        self.at(pointer)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    pub(super) fn group(self) -> &'a str {
        let api_version = self.text("/apiVersion").unwrap_or_default();
        api_version.split_once('/').map_or("", |(group, _)| group)
    }

    pub(super) fn kind(self) -> &'a str {
        self.text("/kind").unwrap_or_default()
    }

    pub(super) fn conditions(self) -> impl Iterator<Item = (&'a str, Condition<'a>)> {
        let text = |condition: &'a Value, key: &str| {
            condition
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let conditions = self.list("/status/conditions").iter();
        conditions.map(move |condition| {
            let kind = text(condition, "type");
            let condition = Condition {
                status: text(condition, "status"),
                reason: text(condition, "reason"),
                message: text(condition, "message"),
            };
            (kind, condition)
        })
    }

    pub(super) fn condition(self, kind: &str) -> Option<Condition<'a>> {
        self.conditions()
            .find(|(found, _)| *found == kind)
            .map(|(_, condition)| condition)
    }

    pub(super) fn is_true(self, kind: &str) -> bool {
        self.condition(kind)
            .is_some_and(|condition| condition.status == "True")
    }
}
