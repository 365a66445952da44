-- What steps take of the machine, over their time: JSON, a few hundred points at most.
CREATE TABLE usage (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    points TEXT NOT NULL,
    PRIMARY KEY (job, attempt, step)
);
