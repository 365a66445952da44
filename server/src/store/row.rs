//! Structs as the columns of a row. sqlx's own derive would build SQLite a second time, for the compiler.

/// A struct whose fields are read from the columns of the same names.
macro_rules! row {
    (struct $name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        struct $name {
            $($field: $kind),*
        }

        impl<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> for $name {
            fn from_row(row: &'r sqlx::sqlite::SqliteRow) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: sqlx::Row::try_get(row, stringify!($field))?),* })
            }
        }
    };
}

pub(super) use row;
