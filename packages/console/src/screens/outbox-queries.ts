/** Where each shard of each sink stands. */
export const selectShards = `
  SELECT c.sink, c.shard, c.owner, c.lease_until > clock_timestamp() AS "isAlive",
    c.fence::text AS fence, c.tick::text AS tick, (newest.id - c.tick)::float8 AS behind
  FROM @schema.outbox_cursor c
  CROSS JOIN (SELECT coalesce(max(id), 0) AS id FROM @schema.outbox_tick) AS newest
  ORDER BY c.sink, c.shard`
