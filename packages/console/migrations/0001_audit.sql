-- What operators have done in the console. Rows are only added, and given their outcome once.
CREATE TABLE @schema.console_audit (
  id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  operator text        NOT NULL,
  action   text        NOT NULL,
  subject  jsonb       NOT NULL,
  -- NULL until the action has ended; it stays NULL where the process did not live to see that.
  outcome  text
);

CREATE INDEX console_audit_at_idx ON @schema.console_audit (at);
