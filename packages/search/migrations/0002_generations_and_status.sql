-- The generations of the vector index: those that are built and written, and the one that queries use.
CREATE TABLE @schema.search_generation (
  name         text        PRIMARY KEY,
  model        text        NOT NULL,
  dimensions   integer     NOT NULL,
  template     text        NOT NULL,
  state        text        NOT NULL CHECK (state IN ('building', 'active', 'standby', 'retired')),
  created_at   timestamptz NOT NULL DEFAULT now(),
  activated_at timestamptz
);

CREATE UNIQUE INDEX search_generation_active_key ON @schema.search_generation (state) WHERE state = 'active';

-- What the index has acknowledged of each course, or why it could not be indexed.
CREATE TABLE @schema.search_status (
  generation text        NOT NULL,
  course_id  integer     NOT NULL,
  state      text        NOT NULL CHECK (state IN ('synced', 'failed')),
  version    bigint      NOT NULL,
  reason     text,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT search_status_pkey PRIMARY KEY (generation, course_id)
) WITH (fillfactor = 80);

CREATE INDEX search_status_failed_idx ON @schema.search_status (generation, course_id) WHERE state = 'failed';

-- How far a reindexing has come; absent when none is under way.
CREATE TABLE @schema.search_reindex (
  generation   text        PRIMARY KEY,
  after_course integer     NOT NULL,
  updated_at   timestamptz NOT NULL DEFAULT now()
);
