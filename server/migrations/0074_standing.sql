-- Of a job that goes on from where an earlier attempt failed: the runner with its workspace, and the attempt that made it. JSON; NULL: it
-- begins with its checkout.
ALTER TABLE jobs ADD COLUMN goes_on TEXT;
-- Of a step that does not run again in such an attempt: the attempt that it ran in, where its log is.
ALTER TABLE steps ADD COLUMN ran_in BIGINT;
