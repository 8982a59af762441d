-- Where activity waits while MongoDB does not take it; empty otherwise.
CREATE TABLE @schema.activity_spill (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry      jsonb       NOT NULL,
  spilled_at timestamptz NOT NULL DEFAULT now()
);
