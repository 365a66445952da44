-- Who let a build run that needs somebody's word for it; NULL: nobody yet, or it needs none.
ALTER TABLE builds ADD COLUMN approved_by TEXT;
