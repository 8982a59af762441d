-- Activity that waits while MongoDB is down; empty otherwise. The entries of one origin, a process,
-- are brought back in their order.
CREATE TABLE @schema.activity_spill (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  origin     uuid        NOT NULL,
  entry      jsonb       NOT NULL,
  spilled_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX activity_spill_origin ON @schema.activity_spill (origin, seq);
