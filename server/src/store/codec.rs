//! Columns to types. A row that does not decode is an error, never a guess.

use serde::{Serialize, de::DeserializeOwned};
use slipway_pipelines::state::Status;

use super::StoreError;

/// What is wrong with a row of a table.
pub(super) fn corrupt(table: &'static str, what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table, what: what.to_string() }
}

/// Text to a type that parses.
pub(super) fn parse<T: std::str::FromStr>(table: &'static str, text: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| corrupt(table, error))
}

/// JSON text to a type.
pub(super) fn from_json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt(table, error))
}

/// A type to JSON text.
pub(super) fn to_json<T: Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(table, error))
}

/// A number that is never negative.
pub(super) fn unsigned<T: TryFrom<i64>>(table: &'static str, number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| corrupt(table, format_args!("{number} is out of range")))
}

/// A number to a column.
pub(super) fn signed<T: TryInto<i64>>(number: T) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// The word of a status.
pub(super) fn status(table: &'static str, text: &str) -> Result<Status, StoreError> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|error| corrupt(table, error))
}
