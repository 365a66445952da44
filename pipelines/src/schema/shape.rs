//! Shapes -> schemas.

use serde_json::{Map, Value as Json, json};

use crate::syntax::keys::{FROM_SECRET, Key, Keys, Shape};

/// Definition of a text with `${…}` in it, which may stand for anything that a text can say.
const REPLACED: &str = "replaced";
/// Definition of a value of `environment` and `settings`.
const VALUE: &str = "value";

/// Where a definition is.
pub(super) fn reference(name: &str) -> String {
    format!("#/$defs/{name}")
}

/// The definitions that are no sections.
pub(super) fn common() -> [(String, Json); 2] {
    let value = json!({
        "description": "A value as text: lists are joined by commas, anything deeper becomes JSON.",
        "if": {"type": "object", "required": [FROM_SECRET.name]},
        "then": {"$ref": reference(FROM_SECRET.name)},
        "else": {"additionalProperties": {"$ref": reference(VALUE)}, "items": {"$ref": reference(VALUE)}},
    });
    let replaced = json!({"type": "string", "pattern": "\\$\\{"});
    [(VALUE.to_owned(), value), (REPLACED.to_owned(), replaced)]
}

/// A section with its keys.
pub(super) fn section(keys: &Keys) -> Json {
    let mut properties: Map<String, Json> = keys.all().map(|key| (key.name.to_owned(), property(key))).collect();
    properties.extend(keys.idle.iter().map(|(name, instead)| {
        let about = format!("Has no effect: {instead}.");
        ((*name).to_owned(), json!({"description": about, "deprecated": true}))
    }));
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(keys.about));
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Json::Object(properties));
    schema.insert("additionalProperties".to_owned(), keys.rest.map_or(json!(false), of));
    let needs: Vec<Json> = keys.needs.iter().map(|group| need(group)).collect();
    if !needs.is_empty() {
        schema.insert("allOf".to_owned(), Json::Array(needs));
    }
    Json::Object(schema)
}

fn need(group: &[&str]) -> Json {
    any(group.iter().map(|key| json!({"required": [key]})).collect())
}

fn property(key: &Key) -> Json {
    let mut schema = match of(&key.shape) {
        Json::Object(schema) => schema,
        _ => Map::new(),
    };
    schema.insert("description".to_owned(), json!(key.about));
    Json::Object(schema)
}

fn of(shape: &Shape) -> Json {
    match shape {
        Shape::Anything => json!({}),
        Shape::Nothing => json!({"type": "null"}),
        Shape::Text => text(),
        Shape::Texts => any(vec![text(), list(text())]),
        Shape::Word(words) => any(word(words)),
        Shape::Words(words) => {
            let word = any(word(words));
            any(vec![word.clone(), list(word)])
        }
        Shape::Like(pattern) => any(vec![json!({"type": "string", "pattern": pattern}), replaced()]),
        Shape::Flag => {
            // As YAML 1.1 has it; parsers of 1.2 take these for text.
            let older = json!({"type": "string", "pattern": "^([Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff])$"});
            any(vec![json!({"type": "boolean"}), older, replaced()])
        }
        Shape::Whole(least, most) => any(vec![
            json!({"type": "integer", "minimum": least, "maximum": most}),
            json!({"type": "string", "pattern": "^[0-9]+$"}),
            replaced(),
        ]),
        Shape::Number => any(vec![
            json!({"type": "number", "exclusiveMinimum": 0}),
            json!({"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"}),
            replaced(),
        ]),
        Shape::Duration => any(vec![json!({"type": "string", "pattern": "^ *([0-9]+[smhd])+ *$"}), replaced()]),
        Shape::Value => json!({"$ref": reference(VALUE)}),
        Shape::List(item, 0) => list(of(item)),
        Shape::List(item, least) => json!({"type": "array", "items": of(item), "minItems": least}),
        Shape::Map(value) => json!({"type": "object", "additionalProperties": of(value)}),
        Shape::Section(keys) => json!({"$ref": reference(keys.name)}),
        Shape::OneOf(shapes) => any(shapes.iter().map(of).collect()),
    }
}

/// Any of these, without a list of choices inside a list of choices.
fn any(choices: Vec<Json>) -> Json {
    let mut flat: Vec<Json> = Vec::new();
    for choice in choices {
        let inner = match choice.get("anyOf") {
            Some(Json::Array(inner)) => inner.clone(),
            _ => vec![choice],
        };
        for choice in inner {
            if !flat.contains(&choice) {
                flat.push(choice);
            }
        }
    }
    match flat.as_slice() {
        [only] => only.clone(),
        _ => json!({"anyOf": flat}),
    }
}

fn text() -> Json {
    json!({"type": ["string", "number", "boolean"]})
}

fn list(item: Json) -> Json {
    json!({"type": "array", "items": item})
}

fn word(words: &[&str]) -> Vec<Json> {
    vec![json!({"enum": words}), replaced()]
}

fn replaced() -> Json {
    json!({"$ref": reference(REPLACED)})
}

impl Shape {
    /// Names the sections that are part of a shape.
    pub(super) fn sections(&self, name: &mut dyn FnMut(&'static Keys)) {
        match self {
            Self::Section(keys) => name(keys),
            Self::List(inner, _) | Self::Map(inner) => inner.sections(name),
            Self::OneOf(shapes) => shapes.iter().for_each(|shape| shape.sections(name)),
            Self::Anything
            | Self::Text
            | Self::Texts
            | Self::Word(_)
            | Self::Words(_)
            | Self::Like(_)
            | Self::Flag
            | Self::Whole(..)
            | Self::Number
            | Self::Duration
            | Self::Value
            | Self::Nothing => {}
        }
    }
}
