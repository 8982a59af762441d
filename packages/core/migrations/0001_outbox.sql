-- The log. Rows are inserted and, long after every sink has passed them, deleted; never updated. The first five columns have the names and types
-- that Debezium's Outbox Event Router expects by default, and a row needs no others.
CREATE TABLE @schema.outbox (
  id            uuid         NOT NULL,
  aggregatetype varchar(255) NOT NULL,
  aggregateid   varchar(255) NOT NULL,
  type          varchar(255) NOT NULL,
  payload       jsonb,
  headers       jsonb        NOT NULL DEFAULT '{}',
  version       bigint       NOT NULL DEFAULT 0,
  -- Before the position, since columns get their defaults in their order: whoever has no transaction id yet has no position either.
  xid           xid8         NOT NULL DEFAULT pg_current_xact_id(),
  -- Position: rising within an aggregate, because an event is inserted after its aggregate's row was locked.
  seq           bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Filled in by the SDK. Others leave it out, and it is reckoned when it is read: a generated column would be compiled anew for each statement.
  shard         smallint,
  created_at    timestamptz  NOT NULL DEFAULT now()
);
CREATE INDEX outbox_xid ON @schema.outbox (xid);

-- The shard of an aggregate, as the SDK reckons it.
CREATE FUNCTION @schema.outbox_shard(aggregatetype text, aggregateid text) RETURNS smallint LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT (get_byte(sha256(convert_to(aggregatetype || '/' || aggregateid, 'UTF8')), 0) & 63)::smallint
$$;

-- Moments of the log. The events of an interval (a, b] are those that b's snapshot sees and a's does not: none is missed however late it
-- committed, and an open transaction delays only its own events.
CREATE TABLE @schema.outbox_tick (
  id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  snap   pg_snapshot NOT NULL,
  -- No event that the snapshot sees has a higher position, and none of a transaction that began after it a lower one.
  seq_hi bigint      NOT NULL,
  at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- 0 sees nothing: the beginning. 1 sees transaction 3 only, which no real event has: where cursors start again after a reset.
INSERT INTO @schema.outbox_tick (id, snap, seq_hi) OVERRIDING SYSTEM VALUE VALUES (0, '3:3:', 0), (1, '4:4:', 0);
ALTER TABLE @schema.outbox_tick ALTER COLUMN id RESTART WITH 2;

-- The sinks that have ever run, and what they want.
CREATE TABLE @schema.outbox_sink (
  sink       text        PRIMARY KEY,
  mode       text        NOT NULL CHECK (mode IN ('log', 'state')),
  types      text[]      NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- How far each sink has got in each shard: everything up to `tick`, and of the interval (tick, tick_to] everything up to `last_seq`.
CREATE TABLE @schema.outbox_cursor (
  sink        text        NOT NULL REFERENCES @schema.outbox_sink ON DELETE CASCADE,
  shard       smallint    NOT NULL,
  tick        bigint      NOT NULL,
  tick_to     bigint,
  last_seq    bigint      NOT NULL DEFAULT 0,
  fence       bigint      NOT NULL DEFAULT 0,
  owner       text,
  lease_until timestamptz NOT NULL DEFAULT 'epoch',
  -- How often an owner has gone without a word since the cursor last moved on.
  crashes     smallint    NOT NULL DEFAULT 0,
  PRIMARY KEY (sink, shard)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- The relays that are alive, per sink: what a fair share is reckoned from.
CREATE TABLE @schema.outbox_owner (
  sink       text        NOT NULL REFERENCES @schema.outbox_sink ON DELETE CASCADE,
  owner      text        NOT NULL,
  seen_until timestamptz NOT NULL,
  PRIMARY KEY (sink, owner)
) WITH (fillfactor = 50);

-- Events that a sink could not take, and the later events of their aggregates, which wait behind them.
CREATE TABLE @schema.outbox_failure (
  sink          text         NOT NULL REFERENCES @schema.outbox_sink ON DELETE CASCADE,
  seq           bigint       NOT NULL,
  shard         smallint     NOT NULL,
  aggregatetype varchar(255) NOT NULL,
  aggregateid   varchar(255) NOT NULL,
  event         jsonb        NOT NULL,
  status        text         NOT NULL CHECK (status IN ('parked', 'retry', 'dead', 'replay', 'discard')),
  -- Attempts begun and ended: a difference means that the process did not survive them.
  started       integer      NOT NULL DEFAULT 0,
  finished      integer      NOT NULL DEFAULT 0,
  next_at       timestamptz,
  fingerprint   text,
  error         jsonb,
  replay_count  integer      NOT NULL DEFAULT 0,
  failed_at     timestamptz  NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (sink, seq)
);
CREATE INDEX outbox_failure_aggregate ON @schema.outbox_failure (sink, aggregatetype, aggregateid, seq);
CREATE INDEX outbox_failure_due ON @schema.outbox_failure (sink, next_at) WHERE status IN ('retry', 'replay', 'discard');
CREATE INDEX outbox_failure_dead ON @schema.outbox_failure (sink, fingerprint) WHERE status = 'dead';

-- The server that the transaction ids belong to, where it says.
CREATE TABLE @schema.outbox_origin (
  is_only           boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  system_identifier bigint,
  timeline          integer,
  noted_at          timestamptz NOT NULL DEFAULT now()
);

-- Makes a tick when there is something new and it is due, and gives back the newest one. Never waits: whoever holds the lock makes the tick.
-- Each statement of a volatile function sees anew, so the tick's snapshot is taken after the lock. `due_ms` is set when something new waits
-- for a tick that is not due yet. Index scans only: a generic plan would take `xid >= x` for a third of the table.
CREATE FUNCTION @schema.outbox_advance(gap_ms integer, max_events bigint)
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
    IF age_ms < gap_ms AND high - newest.seq_hi < max_events THEN
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
