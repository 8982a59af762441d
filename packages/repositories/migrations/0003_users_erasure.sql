-- Who was deleted, and what stands for the deleted user in the activity log. Whoever writes an activity of theirs late looks here.
CREATE TABLE @schema.user_erasure (
  user_id   integer     PRIMARY KEY,
  -- Negative: it can never be taken for a user.
  pseudonym bigint      NOT NULL CHECK (pseudonym < 0),
  erased_at timestamptz NOT NULL DEFAULT now()
);
