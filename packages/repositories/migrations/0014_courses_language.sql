-- The language that a course is taught in, a tag of BCP 47. No row is written for it: rows that were
-- there, and those of releases that do not know it, are English.
ALTER TABLE @schema.courses ADD COLUMN language varchar(35) NOT NULL DEFAULT 'en';
