-- What lists of builds are filtered and found by. `trigger_json` has the same.
ALTER TABLE builds ADD COLUMN event TEXT NOT NULL DEFAULT '';
ALTER TABLE builds ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE builds ADD COLUMN sha TEXT NOT NULL DEFAULT '';
UPDATE builds SET
    event = CASE
        WHEN json_extract(trigger_json, '$.cause.event') <> 'pull_request' THEN json_extract(trigger_json, '$.cause.event')
        WHEN json_extract(trigger_json, '$.cause.action') = 'closed' THEN 'pull_request_closed'
        WHEN json_extract(trigger_json, '$.cause.action') = 'metadata' THEN 'pull_request_metadata'
        ELSE 'pull_request'
    END,
    author = json_extract(trigger_json, '$.author.name'),
    sha = json_extract(trigger_json, '$.sha');
CREATE INDEX builds_event ON builds (repository, event, number);
CREATE INDEX builds_author ON builds (repository, author, number);
CREATE INDEX builds_status ON builds (repository, status, number);
CREATE INDEX builds_sha ON builds (sha);
CREATE INDEX builds_open ON builds (created) WHERE finished IS NULL;

-- The newest build of each branch. Pull requests are not in it: their branch is the one that they want to change.
CREATE TABLE heads (
    repository TEXT NOT NULL REFERENCES repositories (id),
    branch TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (repository, branch)
);
CREATE INDEX heads_newest ON heads (repository, number);
INSERT INTO heads (repository, branch, number)
    SELECT repository, branch, MAX(number) FROM builds
    WHERE branch <> '' AND event IN ('push', 'deployment', 'cron', 'manual')
    GROUP BY repository, branch;
