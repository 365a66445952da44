//! The schema's steps, in order. A step that has been released never changes; a new one is added, with a number of its own.

use sqlx::{
    AssertSqlSafe, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

const STEPS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../../migrations/0001_first.sql")),
    (2, "language", include_str!("../../migrations/0002_language.sql")),
    (10, "pushed", include_str!("../../migrations/0010_pushed.sql")),
    (11, "images", include_str!("../../migrations/0011_images.sql")),
    (14, "logs", include_str!("../../migrations/0014_logs.sql")),
    (20, "artifacts", include_str!("../../migrations/0020_artifacts.sql")),
    (30, "caches", include_str!("../../migrations/0030_caches.sql")),
    (40, "reports", include_str!("../../migrations/0040_reports.sql")),
    (55, "times", include_str!("../../migrations/0055_times.sql")),
    (60, "lists", include_str!("../../migrations/0060_lists.sql")),
    (61, "hold", include_str!("../../migrations/0061_hold.sql")),
    (62, "deliveries", include_str!("../../migrations/0062_deliveries.sql")),
    (70, "commands", include_str!("../../migrations/0070_commands.sql")),
    (71, "usage", include_str!("../../migrations/0071_usage.sql")),
    (72, "trouble", include_str!("../../migrations/0072_trouble.sql")),
    (73, "approval", include_str!("../../migrations/0073_approval.sql")),
    (74, "standing", include_str!("../../migrations/0074_standing.sql")),
    (75, "crons", include_str!("../../migrations/0075_crons.sql")),
];

/// All of them, to run on a database of any age. Not sqlx's macro: it would build SQLite a second time, for the compiler.
pub(super) fn migrator() -> Migrator {
    let migrations = STEPS.iter().map(|&(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, AssertSqlSafe(sql).into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_a_step() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let named: Vec<String> = STEPS.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql")).collect();
        assert_eq!(files, named);
    }
}
