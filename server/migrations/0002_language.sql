-- Values that only the vault opens (server/src/vault) are in columns named `sealed`.

CREATE TABLE secrets (
    repository TEXT NOT NULL REFERENCES repositories (id),
    -- lower case
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    events TEXT NOT NULL,
    images TEXT NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (repository, name)
);

CREATE TABLE registries (
    repository TEXT NOT NULL REFERENCES repositories (id),
    host TEXT NOT NULL,
    username TEXT NOT NULL,
    sealed BLOB NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (repository, host)
);

-- One row: a value that opens with the right key, and whether plain values of before may be left in unused pages.
CREATE TABLE vault (
    id BIGINT NOT NULL PRIMARY KEY,
    probe BLOB NOT NULL,
    clean BOOLEAN NOT NULL
);

-- Takes the place of `credential`, which is NULL from the first start with a vault on.
ALTER TABLE repositories ADD COLUMN sealed BLOB;

-- What a step handed to later steps and jobs.
CREATE TABLE outputs (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (job, attempt, step)
);

ALTER TABLE jobs ADD COLUMN retry TEXT;
-- tries by `retry` since somebody last started the job
ALTER TABLE jobs ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
-- when a delayed job is queued
ALTER TABLE jobs ADD COLUMN wake BIGINT;
ALTER TABLE jobs ADD COLUMN concurrency TEXT;
-- repository and group
ALTER TABLE jobs ADD COLUMN concurrency_key TEXT;
-- the secrets that the runner was given with the lease in force
ALTER TABLE jobs ADD COLUMN sealed BLOB;
CREATE INDEX jobs_group ON jobs (concurrency_key) WHERE concurrency_key IS NOT NULL AND phase <> 'finished';

-- so that a runner may repeat how an attempt ended after the next began
ALTER TABLE attempts ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
