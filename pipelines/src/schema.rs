//! A JSON schema of pipeline files, for editors: made of the very tables that the reader checks keys against.

mod shape;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::syntax::keys::{FROM_SECRET, Keys, WORKFLOW};

/// The schema, JSON Schema draft 2020-12. What it refuses, the reader does, too, at least with a warning.
pub fn schema() -> Json {
    let mut sections = BTreeMap::new();
    gather(&WORKFLOW, &mut sections);
    gather(&FROM_SECRET, &mut sections);
    let mut definitions: Map<String, Json> =
        sections.values().map(|keys| (keys.name.to_owned(), shape::section(keys))).collect();
    definitions.extend(shape::common());
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("Slipway pipeline"));
    schema.insert("$ref".to_owned(), json!(shape::reference(WORKFLOW.name)));
    schema.insert("$defs".to_owned(), Json::Object(definitions));
    Json::Object(schema)
}

/// A section and all that are in it, by name.
fn gather(keys: &'static Keys, sections: &mut BTreeMap<&'static str, &'static Keys>) {
    if sections.insert(keys.name, keys).is_some() {
        return;
    }
    for shape in keys.all().map(|key| &key.shape).chain(keys.rest) {
        shape.sections(&mut |inner| gather(inner, sections));
    }
}

#[cfg(test)]
mod tests;
