#![no_main]
//! Whatever is emitted parses back to the same: a text's documents, and a value made of the same bytes. A text as it
//! is written, with its comments, has only to come to an end: go-yaml's own way of writing does not always read back.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Number, Value};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for document in towpath_yaml::parse("fuzz.yml", &text).unwrap_or_default() {
        comes_back(&document.root.to_json());
    }
    for document in towpath_yaml::syntax::parse("fuzz.yml", &text).unwrap_or_default() {
        assert!(!towpath_yaml::document_to_yaml(&document).is_empty());
    }
    if let Ok(value) = value(&mut Unstructured::new(bytes), 8) {
        comes_back(&value);
    }
});

fn comes_back(value: &Value) {
    let emitted = towpath_yaml::to_yaml(value);
    let again = towpath_yaml::parse("emitted.yml", &emitted).expect("what is emitted parses");
    let again = again.first().expect("one document").root.to_json();
    assert_eq!(&again, value, "{emitted}");
}

fn value(bytes: &mut Unstructured<'_>, depth: u8) -> Result<Value> {
    let kinds = if depth == 0 { 6 } else { 8 };
    Ok(match bytes.int_in_range(1..=kinds)? {
        1 => Value::Null,
        2 => bytes.arbitrary::<bool>()?.into(),
        3 => bytes.arbitrary::<i64>()?.into(),
        4 => Number::from_f64(bytes.arbitrary()?).map_or(Value::Null, Value::Number),
        5 | 6 => bytes.arbitrary::<String>()?.into(),
        7 => Value::Array(several(bytes, |bytes| value(bytes, depth - 1))?),
        _ => {
            let entries = several(bytes, |bytes| Ok((bytes.arbitrary()?, value(bytes, depth - 1)?)))?;
            Value::Object(Map::from_iter(entries))
        }
    })
}

fn several<T>(bytes: &mut Unstructured<'_>, mut one: impl FnMut(&mut Unstructured<'_>) -> Result<T>) -> Result<Vec<T>> {
    (0..bytes.int_in_range(0..=6)?).map(|_| one(bytes)).collect()
}
