-- Deletes up to `most` events that every sink has passed and that are older than the retention, the oldest transactions
-- first, from transaction `from_xid` on. Returns how many, and the transaction of the last one. Does nothing while another
-- relay purges.
--
-- Rows are deleted by their place, which needs no join. They are never updated, and no place that the statement's snapshot
-- sees is used again before its end. A plan made while the log was short would compare every row of a long one with every
-- place: each call makes its own. The index gives the rows in order: any other scan would read the whole log and sort it.
CREATE FUNCTION @schema.outbox_purge(retention_ms double precision, most integer, from_xid xid8)
RETURNS TABLE (count integer, last xid8)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  passed xid8;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('headwater.purge', '@schema.outbox'::regclass::oid::bigint)) THEN
    RETURN QUERY SELECT 0, NULL::xid8;
    RETURN;
  END IF;
  -- Rows below it are visible in every cursor's snapshot.
  SELECT pg_snapshot_xmin(t.snap) INTO passed
  FROM (
    SELECT DISTINCT tick FROM @schema.outbox_cursor
    UNION SELECT max(id) FROM @schema.outbox_tick
  ) AS c
  CROSS JOIN LATERAL (
    SELECT snap FROM @schema.outbox_tick WHERE id <= c.tick ORDER BY id DESC LIMIT 1
  ) AS t
  ORDER BY pg_snapshot_xmin(t.snap) LIMIT 1;
  RETURN QUERY
  WITH old AS MATERIALIZED (
    SELECT o.ctid AS place, o.xid FROM @schema.outbox o
    WHERE o.xid >= from_xid AND o.xid < passed
      AND o.created_at NOT BETWEEN clock_timestamp() - retention_ms * interval '1 ms'
        AND clock_timestamp() + retention_ms * interval '1 ms'
    ORDER BY o.xid LIMIT most
  ), gone AS (
    DELETE FROM @schema.outbox o
    WHERE o.ctid = ANY (ARRAY(SELECT old.place FROM old))
    RETURNING 1
  )
  SELECT count(*)::integer, (SELECT old.xid FROM old ORDER BY old.xid DESC LIMIT 1) FROM gone;
END
$$;
