-- What a relay wants of its sink, as `MODE TYPE,TYPE`; NULL for one of a release that does not say so.
ALTER TABLE @schema.outbox_owner ADD COLUMN definition text;
