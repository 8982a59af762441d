-- The events that a consumer has handled, each written in the transaction of its handling.
CREATE TABLE @schema.inbox (
  consumer   text        NOT NULL,
  event_id   text        NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id)
);

CREATE INDEX inbox_handled_at_idx ON @schema.inbox (handled_at);
