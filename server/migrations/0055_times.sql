-- What a build's time goes into.

-- When an attempt of a job became ready for a runner, and when one last took it.
CREATE TABLE queued (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    ready BIGINT NOT NULL,
    granted BIGINT,
    PRIMARY KEY (job, attempt)
);

-- Parts of a step's way besides its run: a pull, a build of its image. No end: it goes on, or its runner went away.
CREATE TABLE phases (
    job TEXT NOT NULL REFERENCES jobs (id),
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    phase TEXT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT,
    PRIMARY KEY (job, attempt, step, phase)
);

-- Positions of the steps that it waits for, and how long it took when it ended well.
ALTER TABLE steps ADD COLUMN needs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE steps ADD COLUMN took BIGINT;
