-- What a writer that could not reach Redis was about to invalidate, written before its commit and outside its transaction. Nearly always empty.
-- Whoever finds that the transaction has ended deletes the keys and then the row.
CREATE TABLE @schema.invalidation_intent (
  id          text        PRIMARY KEY,
  -- The writer's transaction; NULL when a host did not say.
  transaction xid8,
  -- What stands in front of the keys in Redis: processes with another prefix have another cache.
  prefix      text        NOT NULL,
  keys        text[]      NOT NULL,
  -- Whether Redis had acknowledged the holds all the same: readers need not go round the cache then.
  is_held     boolean     NOT NULL,
  -- Whether the writer said itself that it has ended.
  has_ended   boolean     NOT NULL DEFAULT false,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
