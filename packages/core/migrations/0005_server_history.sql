-- Names the history that this server's transaction ids belong to, '' where a provider does not let
-- it be told. A promoted standby begins a new one, and assigns ids again that the old primary had
-- assigned and not shipped. Fails where it is not the expected one, and on a standby.
CREATE FUNCTION @schema.server_history(expected text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  history text := '';
BEGIN
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'a standby answers, which may lag behind its primary' USING ERRCODE = '08006';
  END IF;
  BEGIN
    history := (pg_control_system()).system_identifier || '.'
      || ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int;
  EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN
    NULL;
  END;
  IF history <> expected THEN
    RAISE EXCEPTION 'another server answers than before, such as a promoted standby'
      USING ERRCODE = '08006';
  END IF;
  RETURN history;
END
$$;

-- The history that `transaction` belongs to.
ALTER TABLE @schema.invalidation_intent ADD COLUMN history text;
