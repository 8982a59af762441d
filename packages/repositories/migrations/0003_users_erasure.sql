-- Deleted users and their pseudonyms in the activity log, for activity that is written late.
CREATE TABLE @schema.user_erasure (
  user_id   integer     PRIMARY KEY,
  -- Negative, so that it is never the id of a user.
  pseudonym bigint      NOT NULL CHECK (pseudonym < 0),
  erased_at timestamptz NOT NULL DEFAULT now()
);
