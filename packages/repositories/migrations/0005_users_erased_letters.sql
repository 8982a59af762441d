-- The payload of an event with a user's id replaced by the pseudonym. `user.deleted` keeps the id:
-- without it no sink could erase the user elsewhere.
CREATE FUNCTION @schema.pseudonymised_event(event jsonb, erased_id integer, pseudonym bigint)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN event ->> 'type' = 'user.deleted' OR jsonb_typeof(event -> 'payload') <> 'object' THEN event
    ELSE jsonb_set(event, '{payload}', (
      SELECT coalesce(jsonb_object_agg(
        key,
        CASE
          WHEN key IN ('userId', 'fromUserId', 'toUserId') AND value = to_jsonb(erased_id)
            THEN to_jsonb(pseudonym)
          ELSE value
        END
      ), '{}')
      FROM jsonb_each(event -> 'payload')
    ))
  END
$$;

-- An event may be parked long after its user was deleted: a sink may have been down until then.
CREATE FUNCTION @schema.pseudonymise_parked_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  erased record;
BEGIN
  IF jsonb_typeof(NEW.event -> 'payload') = 'object' THEN
    FOR erased IN
      SELECT e.user_id, e.pseudonym
      FROM @schema.user_erasure AS e
      WHERE e.user_id = ANY (ARRAY(
        SELECT value::text::bigint
        FROM jsonb_each(NEW.event -> 'payload')
        WHERE key IN ('userId', 'fromUserId', 'toUserId') AND value::text ~ '^[1-9]\d{0,9}$'
      ))
    LOOP
      NEW.event := @schema.pseudonymised_event(NEW.event, erased.user_id, erased.pseudonym);
    END LOOP;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER pseudonymise_parked_event BEFORE INSERT ON @schema.outbox_failure
FOR EACH ROW EXECUTE FUNCTION @schema.pseudonymise_parked_event();

CREATE INDEX user_erasure_erased_at_idx ON @schema.user_erasure (erased_at);
