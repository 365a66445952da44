-- Number of the line that says what went wrong, 0 when none does; NULL when it was not looked for.
ALTER TABLE archived_logs ADD COLUMN trouble BIGINT;
