-- Files that steps keep. The bytes of each are an object of the storage, named by build and id; links have none.
CREATE TABLE artifacts (
    id TEXT NOT NULL PRIMARY KEY,
    build TEXT NOT NULL REFERENCES builds (id),
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    -- relative to the checkout
    path TEXT NOT NULL,
    size BIGINT NOT NULL,
    -- hex
    sha256 TEXT NOT NULL,
    executable BOOLEAN NOT NULL,
    -- where a symbolic link leads
    link TEXT,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    UNIQUE (job, attempt, step, path)
);
CREATE INDEX artifacts_build ON artifacts (build);
CREATE INDEX artifacts_expires ON artifacts (expires);
