-- Since when a runner gets no new job, and who wanted it so; it finishes what it has.
ALTER TABLE runners ADD COLUMN drained BIGINT;
ALTER TABLE runners ADD COLUMN drained_by TEXT;

-- One row while nothing is given to any runner.
CREATE TABLE pauses (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL
);

-- When a job got into its phase.
ALTER TABLE jobs ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
UPDATE jobs SET since = (SELECT builds.created FROM builds WHERE builds.id = jobs.build) WHERE phase <> 'finished';

-- When a repository was made or last built: the first page begins with those that were active last.
ALTER TABLE repositories ADD COLUMN active BIGINT NOT NULL DEFAULT 0;
UPDATE repositories SET active = COALESCE(
    (SELECT builds.created FROM builds WHERE builds.repository = repositories.id AND builds.number = repositories.last_number),
    created
);
CREATE INDEX repositories_active ON repositories (active);
