-- Entries of caches. Their bytes are objects of the storage, caches/REPOSITORY/ID. An entry never changes.
CREATE TABLE caches (
    id TEXT NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL REFERENCES repositories (id),
    -- the branch whose builds write it
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    -- how it is packed, and of which paths
    form TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    -- why there are no bytes: the next build is told
    problem TEXT,
    created BIGINT NOT NULL,
    used BIGINT NOT NULL
);

CREATE UNIQUE INDEX caches_entry ON caches (repository, scope, form, key);
