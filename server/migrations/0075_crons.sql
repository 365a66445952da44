-- When builds start by themselves.
CREATE TABLE crons (
    repository TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- five fields, in UTC
    schedule TEXT NOT NULL,
    -- NULL: the default branch, whichever that is then
    branch TEXT,
    -- NULL while it is paused
    next BIGINT,
    -- the delivery that it made last
    last TEXT REFERENCES deliveries (id),
    PRIMARY KEY (repository, name)
);

CREATE INDEX crons_next ON crons (next) WHERE next IS NOT NULL;
