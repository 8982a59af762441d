-- The words of titles, as they are compared: what misspelt words may have meant. A word that no
-- title has any more stays; whoever reads it looks whether a course has it.
CREATE TABLE @schema.search_vocabulary (
  -- Not unique: two courses that bring the same new word at once need not wait for each other.
  word   text COLLATE "C" NOT NULL,
  -- About how many titles have it: counted to 16, then a step for each doubling.
  titles integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX search_vocabulary_word_idx ON @schema.search_vocabulary (word);

DO $$
BEGIN
  IF to_regprocedure('similarity(text, text)') IS NOT NULL THEN
    CREATE INDEX search_vocabulary_trigrams_idx ON @schema.search_vocabulary
    USING gin (word gin_trgm_ops);
  END IF;
END
$$;

CREATE FUNCTION @schema.search_vocabulary_of(title text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
  SELECT DISTINCT word
  FROM regexp_split_to_table(trim(@schema.search_text(title)), ' +') AS part (word)
  WHERE length(word) BETWEEN 3 AND 64 AND word ~ '\D'
$body$;

CREATE FUNCTION @schema.search_vocabulary_grow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  of_title text[] := ARRAY(SELECT * FROM @schema.search_vocabulary_of(NEW.title));
BEGIN
  -- The more titles a word has, the more rarely its row is written; nobody waits for it.
  WITH counted AS MATERIALIZED (
    SELECT ctid
    FROM @schema.search_vocabulary
    WHERE word = ANY (of_title) AND random() < 0.5 ^ greatest(titles - 16, 0)
    FOR UPDATE SKIP LOCKED
  )
  UPDATE @schema.search_vocabulary AS known
  SET titles = known.titles + 1
  FROM counted
  WHERE known.ctid = counted.ctid;
  INSERT INTO @schema.search_vocabulary (word, titles)
  SELECT fresh.word, 1
  FROM unnest(of_title) AS fresh (word)
  WHERE NOT EXISTS (SELECT FROM @schema.search_vocabulary AS known WHERE known.word = fresh.word);
  RETURN NULL;
END
$body$;

CREATE TRIGGER courses_search_vocabulary_insert AFTER INSERT ON @schema.courses
FOR EACH ROW WHEN (NEW.is_published) EXECUTE FUNCTION @schema.search_vocabulary_grow();

CREATE TRIGGER courses_search_vocabulary_update
AFTER UPDATE OF title, is_published ON @schema.courses
FOR EACH ROW WHEN (
  NEW.is_published
  AND (OLD.title, OLD.is_published) IS DISTINCT FROM (NEW.title, NEW.is_published)
)
EXECUTE FUNCTION @schema.search_vocabulary_grow();
