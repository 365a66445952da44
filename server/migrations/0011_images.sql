-- What the containers of steps were made from.
CREATE TABLE images (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    reference TEXT NOT NULL,
    -- the engine's: of the image's configuration
    id TEXT NOT NULL,
    -- name@sha256:…, as a registry has it
    digest TEXT,
    PRIMARY KEY (job, attempt, step)
);

-- Credentials of image registries for every repository that has none of its own for a host.
CREATE TABLE global_registries (
    host TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    sealed BLOB NOT NULL,
    updated BIGINT NOT NULL
);
