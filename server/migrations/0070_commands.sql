-- Where the commands of steps begin in their logs.
CREATE TABLE commands (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    -- in bytes of the step's log
    place BIGINT NOT NULL,
    -- position in the step's commands
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (job, attempt, step, place)
);
