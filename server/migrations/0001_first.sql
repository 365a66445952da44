-- Ids are UUID text, times Unix milliseconds, states JSON of the enums in slipway-pipelines. The columns beside a state
-- (phase, status, deadline, …) repeat what queries need; one function writes both.

CREATE TABLE repositories (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- lower case: `Me/Thing` and `me/thing` would share a folder on some file systems
    name_key TEXT NOT NULL UNIQUE,
    forge TEXT NOT NULL,
    clone_url TEXT,
    credential TEXT,
    default_branch TEXT NOT NULL,
    private BOOLEAN NOT NULL,
    trusted_network BOOLEAN NOT NULL,
    trusted_volumes BOOLEAN NOT NULL,
    trusted_security BOOLEAN NOT NULL,
    hook_id TEXT NOT NULL UNIQUE,
    hook_secret TEXT NOT NULL,
    last_number BIGINT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL REFERENCES repositories (id),
    forge TEXT NOT NULL,
    forge_id TEXT NOT NULL,
    event TEXT NOT NULL,
    body BLOB NOT NULL,
    received BIGINT NOT NULL,
    state TEXT NOT NULL,
    pending BOOLEAN NOT NULL,
    UNIQUE (repository, forge_id)
);
CREATE INDEX deliveries_pending ON deliveries (received) WHERE pending;

CREATE TABLE builds (
    id TEXT NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL REFERENCES repositories (id),
    number BIGINT NOT NULL,
    trigger_json TEXT NOT NULL,
    branch TEXT NOT NULL,
    parent BIGINT,
    delivery TEXT UNIQUE REFERENCES deliveries (id),
    left_out TEXT NOT NULL,
    diagnostics TEXT NOT NULL,
    diagnostics_text TEXT NOT NULL,
    status TEXT NOT NULL,
    finish TEXT,
    created BIGINT NOT NULL,
    started BIGINT,
    finished BIGINT,
    UNIQUE (repository, number),
    CHECK ((finish IS NULL) = (finished IS NULL))
);
CREATE INDEX builds_created ON builds (created);
CREATE INDEX builds_branch ON builds (repository, branch, number);

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    build TEXT NOT NULL REFERENCES builds (id),
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    workflow TEXT NOT NULL,
    needs TEXT NOT NULL,
    runs_on TEXT NOT NULL,
    labels TEXT NOT NULL,
    plan TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    -- the highest ever granted, over all attempts
    epoch BIGINT NOT NULL,
    state TEXT NOT NULL,
    phase TEXT NOT NULL,
    -- of the lease in force, or of the last
    runner TEXT,
    deadline BIGINT,
    UNIQUE (build, position),
    CHECK ((phase IN ('leased', 'running', 'stopping')) = (deadline IS NOT NULL)),
    CHECK (deadline IS NULL OR runner IS NOT NULL)
);
CREATE INDEX jobs_unfinished ON jobs (phase) WHERE phase <> 'finished';

-- How earlier attempts of a job ended.
CREATE TABLE attempts (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    state TEXT NOT NULL,
    runner TEXT,
    PRIMARY KEY (job, attempt)
);

CREATE TABLE steps (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    ignored BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    finished BOOLEAN NOT NULL,
    log_bytes BIGINT,
    PRIMARY KEY (job, attempt, position)
);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the text, hex
    hash TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT
);

CREATE TABLE runners (
    id TEXT NOT NULL PRIMARY KEY,
    -- a token that is gone has no row in tokens: then another may take the runner over
    token TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    labels TEXT NOT NULL,
    slots BIGINT NOT NULL,
    seen BIGINT NOT NULL
);

-- Written and rolled on by the readiness check.
CREATE TABLE heartbeat (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);
INSERT INTO heartbeat (id, at) VALUES (1, 0);
