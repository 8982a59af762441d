-- Who erases a user finds what is parked or spilled of that user alone, however much waits.
CREATE FUNCTION @schema.parked_user_ids(event jsonb)
RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(
    SELECT value::text::bigint
    FROM jsonb_each(
      CASE jsonb_typeof(event -> 'payload') WHEN 'object' THEN event -> 'payload' ELSE '{}' END
    )
    WHERE key IN ('userId', 'fromUserId', 'toUserId') AND value::text ~ '^-?[1-9]\d{0,17}$'
  )
$$;

CREATE INDEX outbox_failure_user_ids_idx ON @schema.outbox_failure
USING gin (@schema.parked_user_ids(event));

CREATE INDEX activity_spill_user_id_idx ON @schema.activity_spill ((entry -> 'userId'));
