//! Index templates and what they say of a document's fields.

use serde_json::Value;

/// Of an index template.
const KEYS: [&str; 8] = [
    "index_patterns",
    "template",
    "composed_of",
    "priority",
    "version",
    "_meta",
    "data_stream",
    "allow_auto_create",
];
/// Types that both clusters know.
const TYPES: [&str; 7] = ["keyword", "date", "long", "byte", "double", "boolean", "object"];
/// A field's settings that both clusters know.
const SETTINGS: [&str; 4] = ["type", "properties", "meta", "dynamic"];

/// What is wrong with an index template.
pub fn wrong_template(template: &Value) -> Option<String> {
    let keys = template.as_object()?.keys();
    if let Some(unknown) = keys.into_iter().find(|key| !KEYS.contains(&key.as_str())) {
        return Some(format!("unknown field [{unknown}]"));
    }
    if template["index_patterns"].as_array().is_none_or(Vec::is_empty) {
        return Some("index patterns must be specified".to_owned());
    }
    wrong_field("_doc", &template["template"]["mappings"])
}

fn wrong_field(path: &str, field: &Value) -> Option<String> {
    for (key, value) in field.as_object()? {
        if !SETTINGS.contains(&key.as_str()) {
            return Some(format!("unknown parameter [{key}] on mapper [{path}]"));
        }
        if key == "type" && !TYPES.contains(&value.as_str().unwrap_or_default()) {
            return Some(format!("No handler for type [{value}] declared on field [{path}]"));
        }
        if key == "meta" && !value.as_object().is_some_and(|meta| meta.values().all(Value::is_string)) {
            return Some(format!("[meta] values can only be strings on [{path}]"));
        }
    }
    let inner = field["properties"].as_object()?;
    inner.iter().find_map(|(name, field)| wrong_field(&format!("{path}.{name}"), field))
}

/// What is wrong with a document.
pub fn wrong_document(document: &Value, template: &Value) -> Option<String> {
    if !document["@timestamp"].is_string() {
        return Some("data stream timestamp field [@timestamp] is missing".to_owned());
    }
    wrong_object("", document, &template["template"]["mappings"])
}

fn wrong_object(path: &str, object: &Value, mapping: &Value) -> Option<String> {
    for (name, value) in object.as_object()? {
        let (path, field) = (format!("{path}{name}"), &mapping["properties"][name]);
        let fits = match field["type"].as_str() {
            Some("keyword") => value.is_string(),
            Some("date") => value.as_str().is_some_and(is_date),
            Some("long") => value.is_i64() || value.is_u64(),
            Some("byte") => value.as_i64().is_some_and(|number| i8::try_from(number).is_ok()),
            Some("double") => value.as_f64().is_some_and(f64::is_finite),
            Some(_) => true,
            None if field["properties"].is_object() => match value.is_object() {
                true => match wrong_object(&format!("{path}."), value, field) {
                    Some(wrong) => return Some(wrong),
                    None => true,
                },
                false => false,
            },
            // `dynamic: false` leaves it be.
            None => true,
        };
        if !fits {
            return Some(format!("failed to parse field [{path}]"));
        }
    }
    None
}

/// `2026-11-20T12:00:00.250Z`.
fn is_date(text: &str) -> bool {
    let shape = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}
