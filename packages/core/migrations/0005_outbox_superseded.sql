-- What a sink wanted before, as `MODE TYPE,TYPE`: a relay that still asks for it is of an older release.
ALTER TABLE @schema.outbox_sink ADD COLUMN superseded text[] NOT NULL DEFAULT '{}';
