-- The events that a consumer has handled, each written in the transaction of its handling.
CREATE TABLE @schema.inbox (
  consumer   text        NOT NULL,
  event_id   text        NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id)
);

CREATE INDEX inbox_handled_at_idx ON @schema.inbox (consumer, handled_at);

-- Attempts at an event that failed by mistake, or that the process has not survived. A row is gone
-- once its event is handled or given up.
CREATE TABLE @schema.inbox_attempt (
  consumer   text        NOT NULL,
  event_id   text        NOT NULL,
  lost       integer     NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT inbox_attempt_pkey PRIMARY KEY (consumer, event_id)
);
