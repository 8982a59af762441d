-- Which sessions were ended before their time, for as long as a session can last: a Redis that comes back with an older state hears of them again.
CREATE TABLE @schema.session_revocation (
  id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- What stands in front of the keys in Redis: processes with another prefix have other sessions.
  prefix     text        NOT NULL,
  -- Whose sessions ended, all of them; NULL when only `sessions` did.
  user_id    text,
  -- Hashes of the tokens that ended, as far as they are known.
  sessions   text[]      NOT NULL DEFAULT '{}',
  -- Number that the user's sessions bear from then on; those with a smaller one have ended. NULL until Redis was told.
  epoch      bigint,
  is_applied boolean     NOT NULL DEFAULT false,
  revoked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX session_revocation_pending ON @schema.session_revocation (prefix, id) WHERE NOT is_applied;
CREATE INDEX session_revocation_user ON @schema.session_revocation (prefix, user_id, epoch) WHERE user_id IS NOT NULL;
CREATE INDEX session_revocation_age ON @schema.session_revocation (prefix, revoked_at);
