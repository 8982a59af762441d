-- The form in which two names count as one: normal form NFKC, lower case. The case is folded by the
-- same rules in every database: the collation of the database may fold I to a dotless i.
DO $do$
BEGIN
  EXECUTE format(
    $sql$
      CREATE FUNCTION @schema.username_key(username text) RETURNS text
      LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
      AS 'SELECT lower(normalize(username, NFKC) COLLATE pg_catalog.%I)'
    $sql$,
    (
      SELECT collname
      FROM pg_catalog.pg_collation
      WHERE collname IN ('und-x-icu', 'pg_c_utf8', 'C')
        AND collnamespace = 'pg_catalog'::regnamespace
        AND collencoding IN (-1, pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding()))
      ORDER BY pg_catalog.array_position(ARRAY['und-x-icu', 'pg_c_utf8', 'C']::name[], collname)
      LIMIT 1
    )
  );
END
$do$;

ALTER TABLE @schema.users DROP CONSTRAINT users_username_key;
CREATE UNIQUE INDEX users_username_key ON @schema.users (@schema.username_key(username));

-- Addresses are ASCII: "C" folds them alike in every database.
DROP INDEX @schema.users_email_key;
CREATE UNIQUE INDEX users_email_key ON @schema.users (lower(email COLLATE "C"));

-- Pages of a course's enrollments, newest first, and of its students.
DROP INDEX @schema.enrollments_course_id_idx;
CREATE INDEX enrollments_course_id_idx ON @schema.enrollments (course_id, enrolled_at, id);
CREATE INDEX enrollments_course_id_user_id_idx ON @schema.enrollments (course_id, user_id);
