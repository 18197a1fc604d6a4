use crate::object::Object;

/// The release record as a YAML stream, one document an object.
pub fn to_yaml(objects: &[Object]) -> String {
    towpath_yaml::stream_to_yaml(objects.iter().map(|object| &object.value))
}

/// The release record as a JSON list object (`kubectl apply -f` reads it).
pub fn to_json(objects: &[Object]) -> serde_json::Value {
    let items: Vec<_> = objects.iter().map(|object| &object.value).collect();
    serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items})
}
