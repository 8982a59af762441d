-- Registers a sink for a relay, and the relay as one that is alive; does nothing in the cases below.
--
-- A new sink gets a cursor for each shard, at the beginning or at the head of the log. A definition that differs from the
-- registered one takes the shards away from every owner, whose acknowledgements then fail. One that was replaced before is
-- not registered while relays with its successor are alive, or were within `patience_ms`: they left without a word, and may
-- return. Those seen in the future, by a clock that was set back since, count once they are seen again.
--
-- The lock on the sink comes first, and every later statement sees all that was done under it: a relay that pulses, claims
-- or registers at the same time is either seen here, or sees this registration.
CREATE FUNCTION @schema.outbox_register(
  of_sink text, in_mode text, with_types text[], starts_at text,
  by_owner text, lease_ms double precision, patience_ms double precision, shards integer
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  registered @schema.outbox_sink%ROWTYPE;
BEGIN
  -- A fence that a crash takes back would be handed out twice.
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'local', true);
  END IF;
  INSERT INTO @schema.outbox_sink (sink, mode, types) VALUES (of_sink, in_mode, with_types) ON CONFLICT DO NOTHING;
  SELECT * INTO registered FROM @schema.outbox_sink s WHERE s.sink = of_sink FOR UPDATE;
  IF (registered.mode, registered.types) IS DISTINCT FROM (in_mode, with_types) THEN
    IF in_mode || ' ' || array_to_string(with_types, ',') = ANY (registered.superseded) AND EXISTS (
      SELECT FROM @schema.outbox_owner o
      WHERE o.sink = of_sink AND o.seen_until > clock_timestamp() - patience_ms * interval '1 ms'
        AND o.seen_at <= clock_timestamp()
    ) THEN
      RETURN;
    END IF;
    UPDATE @schema.outbox_sink s SET
      mode = in_mode,
      types = with_types,
      superseded = array_remove(s.superseded, in_mode || ' ' || array_to_string(with_types, ','))
        || (s.mode || ' ' || array_to_string(s.types, ','))
    WHERE s.sink = of_sink;
    DELETE FROM @schema.outbox_owner o WHERE o.sink = of_sink;
    UPDATE @schema.outbox_cursor c SET fence = c.fence + 1, owner = NULL, lease_until = 'epoch' WHERE c.sink = of_sink;
  END IF;
  IF NOT EXISTS (SELECT FROM @schema.outbox_cursor c WHERE c.sink = of_sink) THEN
    INSERT INTO @schema.outbox_cursor (sink, shard, tick)
    SELECT of_sink, shard, CASE WHEN starts_at = 'head' THEN (SELECT id FROM @schema.outbox_advance(0, 0)) ELSE 0 END
    FROM generate_series(0, shards - 1) AS shard;
  END IF;
  INSERT INTO @schema.outbox_owner AS o (sink, owner, seen_until, seen_at)
  VALUES (of_sink, by_owner, clock_timestamp() + lease_ms * interval '1 ms', clock_timestamp())
  ON CONFLICT (sink, owner) DO UPDATE SET seen_until = excluded.seen_until, seen_at = excluded.seen_at;
END
$$;
