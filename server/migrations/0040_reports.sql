-- What people should know of a build that changes no outcome.
CREATE TABLE warnings (
    build TEXT NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt BIGINT NOT NULL,
    -- -1: about no step
    step BIGINT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (job, attempt, step, text)
);
CREATE INDEX warnings_build ON warnings (build);

-- A test at its place: what has a history.
CREATE TABLE tests (
    -- the first 16 bytes of the SHA-256 of what follows
    id BLOB NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL REFERENCES repositories (id),
    -- names, so that the cells of a matrix have each their own history
    job TEXT NOT NULL,
    step TEXT NOT NULL,
    suite TEXT NOT NULL,
    name TEXT NOT NULL,
    -- empty: the report does not say
    file TEXT NOT NULL,
    -- of its last run in the newest build that has one
    number BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    duration_ms BIGINT
);
CREATE INDEX tests_slowest ON tests (repository, duration_ms);

-- A file of results or coverage, as one try of a step left it.
CREATE TABLE reports (
    id BIGINT NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL REFERENCES repositories (id),
    build TEXT NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    -- of the build, as its commit: queries over many builds need no other table
    number BIGINT NOT NULL,
    sha TEXT NOT NULL,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    -- how often the step was tried before in this attempt
    tries BIGINT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    -- how many parts came
    parts BIGINT NOT NULL,
    -- a later try of the step has reported
    superseded BOOLEAN NOT NULL,
    -- sums over its rows
    passed BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    duration_ms BIGINT NOT NULL DEFAULT 0,
    message_bytes BIGINT NOT NULL DEFAULT 0,
    files BIGINT NOT NULL DEFAULT 0,
    UNIQUE (job, attempt, step, tries, kind, path)
);
CREATE INDEX reports_build ON reports (build);
CREATE INDEX reports_repository ON reports (repository, number);

CREATE TABLE results (
    report BIGINT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    test BLOB NOT NULL REFERENCES tests (id),
    outcome TEXT NOT NULL,
    -- failed, error, or passed only after it had failed
    bad BOOLEAN NOT NULL,
    flaked BOOLEAN NOT NULL,
    duration_ms BIGINT,
    message TEXT NOT NULL,
    PRIMARY KEY (report, position)
);
CREATE INDEX results_test ON results (test, report);
CREATE INDEX results_bad ON results (report) WHERE bad;

CREATE TABLE coverage (
    report BIGINT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    file TEXT NOT NULL,
    covered BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (report, file)
);
