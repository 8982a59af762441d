-- When a lease was renewed. A time in the future shows that the server's clock was set back, or that a standby with a slower clock was promoted.
ALTER TABLE @schema.outbox_cursor ADD COLUMN leased_at timestamptz NOT NULL DEFAULT 'epoch';
ALTER TABLE @schema.outbox_owner ADD COLUMN seen_at timestamptz NOT NULL DEFAULT 'epoch';

-- As before, but a tick from the future does not delay the next one.
CREATE OR REPLACE FUNCTION @schema.outbox_advance(gap_ms integer, max_events bigint)
RETURNS TABLE (id bigint, snap pg_snapshot, seq_hi bigint, due_ms integer)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
DECLARE
  newest   @schema.outbox_tick%ROWTYPE;
  high     bigint;
  age_ms   double precision;
BEGIN
  SELECT * INTO newest FROM @schema.outbox_tick t ORDER BY t.id DESC LIMIT 1;
  IF (SELECT o.xid FROM @schema.outbox o ORDER BY o.xid DESC LIMIT 1) >= pg_snapshot_xmax(newest.snap)
    OR EXISTS (SELECT FROM @schema.outbox o WHERE o.xid = ANY (ARRAY(SELECT pg_snapshot_xip(newest.snap))))
  THEN
    high := coalesce((SELECT o.seq FROM @schema.outbox o ORDER BY o.seq DESC LIMIT 1), 0);
    age_ms := extract(epoch FROM clock_timestamp() - newest.at) * 1000;
    IF age_ms >= 0 AND age_ms < gap_ms AND high - newest.seq_hi < max_events THEN
      RETURN QUERY SELECT newest.id, newest.snap, newest.seq_hi, greatest(1, ceil(gap_ms - age_ms))::integer;
      RETURN;
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('headwater.tick', '@schema.outbox_tick'::regclass::oid::bigint)) THEN
      RETURN QUERY SELECT newest.id, newest.snap, newest.seq_hi, 1;
      RETURN;
    END IF;
    -- A tick that a crash takes back would give its id to another snapshot.
    IF current_setting('synchronous_commit') = 'off' THEN
      PERFORM set_config('synchronous_commit', 'local', true);
    END IF;
    -- Nothing when another relay was quicker, or when an outer transaction fixed an older snapshot before the lock.
    INSERT INTO @schema.outbox_tick AS made (snap, seq_hi)
    SELECT pg_current_snapshot(), greatest((SELECT o.seq FROM @schema.outbox o ORDER BY o.seq DESC LIMIT 1), newest.seq_hi)
    WHERE NOT EXISTS (SELECT FROM @schema.outbox_tick t WHERE t.id > newest.id)
      AND pg_snapshot_xmin(pg_current_snapshot()) >= pg_snapshot_xmin(newest.snap)
      AND pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax(newest.snap);
    SELECT * INTO newest FROM @schema.outbox_tick t ORDER BY t.id DESC LIMIT 1;
  END IF;
  RETURN QUERY SELECT newest.id, newest.snap, newest.seq_hi, NULL::integer;
END
$$;
