-- Logs that were moved into the storage. The row is written once the object is there, and before the file goes.
CREATE TABLE archived_logs (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    -- bytes of text, and of the object
    length BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    -- when its last byte was written
    written BIGINT NOT NULL,
    -- taken away after its time
    removed BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (job, attempt, step)
);
CREATE INDEX archived_logs_age ON archived_logs (written) WHERE NOT removed;
