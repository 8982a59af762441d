-- The words of published courses, as search compares them. The columns of courses stay as they are:
-- a column more would rewrite the table, and widen the rows that every enrollment copies.

-- The form in which texts are compared. query-words.ts gives queries the same form.
DO $do$
BEGIN
  EXECUTE format(
    $sql$
      CREATE FUNCTION @schema.search_text(content text) RETURNS text
      LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
      AS $body$
        SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(
          -- Letters without a mark to take off.
          replace(replace(replace(translate(
            normalize(
              -- Accents, vowel points, soft hyphens and joiners.
              regexp_replace(
                lower(normalize(content, NFKD) COLLATE %I),
                '[\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u00ad\u200b-\u200d\ufe00-\ufe0f]', '', 'g'
              ),
              NFC
            ),
            'łøđħıς', 'lodhiσ'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
          '(^|[^a-z0-9])c\+\+', '\1cplusplus ', 'g'),
          '(^|[^a-z0-9])([a-z])#', '\1\2sharp ', 'g'),
          -- What stands between words.
          '[\u0001-\u001f\u0021-\u002f\u003a-\u0060\u007b-\u00bf\u00d7\u00f7\u060c\u061b\u061f\u06d4\u0964\u0965\u2000-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d\u30fb\ufe10-\ufe6f\uff00-\uff0f\uff5f-\uff65\U0001f000-\U0001faff]+', ' ', 'g'),
          -- Scripts without spaces: each character is a word.
          '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])', ' \1 ', 'g')
      $body$
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

-- Neighbouring words of a text in its compared form, written as one. Numbers stay apart: they would
-- make a word of their own of every numbered title.
CREATE FUNCTION @schema.search_joined(compared text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
  SELECT string_agg(pair.one || pair.next, ' ')
  FROM (
    SELECT word AS one, lead(word) OVER (ORDER BY place) AS next
    FROM regexp_split_to_table(trim(compared), ' +') WITH ORDINALITY AS part (word, place)
  ) AS pair
  WHERE pair.one ~ '\D' AND pair.next ~ '\D'
$body$;

-- Weight A: the words of the title as they stand, and joined; B: their stems; C: the category;
-- D: the description.
CREATE FUNCTION @schema.search_words_of(title text, category text, description text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $body$
  SELECT setweight(to_tsvector('simple', compared.title || ' ' || coalesce(@schema.search_joined(compared.title), '')), 'A')
    || setweight(to_tsvector('english', compared.title), 'B')
    || setweight(to_tsvector('english', compared.category || ' ' || coalesce(@schema.search_joined(compared.category), '')), 'C')
    || setweight(to_tsvector('english', compared.description || ' ' || coalesce(compound.joined, '')), 'D')
  FROM (
    SELECT @schema.search_text(coalesce(title, '')) AS title,
           @schema.search_text(coalesce(category, '')) AS category,
           @schema.search_text(coalesce(description, '')) AS description
  ) AS compared,
  -- node.js and front-end, written as one.
  LATERAL (
    SELECT string_agg(regexp_replace(parts[1], '[-./]', '', 'g'), ' ') AS joined
    FROM regexp_matches(lower(description COLLATE "C"), '[a-z0-9]+(?:[-./][a-z0-9]+)+', 'g') AS parts
  ) AS compound
$body$;

-- The rows of search_words, as they should be.
CREATE VIEW @schema.search_words_of_courses AS
  SELECT id AS course_id,
         @schema.search_words_of(title, category, description) AS words,
         trim(@schema.search_text(coalesce(category, ''))) AS category,
         cardinality(regexp_split_to_array(trim(@schema.search_text(title)), ' +')) AS title_words
  FROM @schema.courses
  WHERE is_published;

CREATE TABLE @schema.search_words (
  course_id   integer  NOT NULL,
  words       tsvector NOT NULL,
  -- The category in its compared form, and the length of the title in words.
  category    text     NOT NULL,
  title_words integer  NOT NULL,
  -- The version of the row that the words were taken from, while this migration runs.
  source      xid,
  CONSTRAINT search_words_pkey PRIMARY KEY (course_id)
);

-- The slow part: courses are read, not locked.
INSERT INTO @schema.search_words (course_id, words, category, title_words, source)
SELECT wanted.*, course.xmin
FROM @schema.search_words_of_courses AS wanted
JOIN @schema.courses AS course ON course.id = wanted.course_id;

-- Without a list of pending entries, which every search would have to read.
CREATE INDEX search_words_words_idx ON @schema.search_words
  USING gin (words) WITH (fastupdate = off);
CREATE INDEX search_words_title_idx ON @schema.search_words
  USING gin (ts_filter(words, '{a,b}')) WITH (fastupdate = off);

CREATE FUNCTION @schema.search_words_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF NOT NEW.is_published THEN
    DELETE FROM @schema.search_words WHERE course_id = NEW.id;
  ELSIF TG_OP = 'INSERT'
    OR (OLD.title, OLD.category, OLD.description, OLD.is_published)
       IS DISTINCT FROM (NEW.title, NEW.category, NEW.description, NEW.is_published) THEN
    INSERT INTO @schema.search_words (course_id, words, category, title_words)
    SELECT * FROM @schema.search_words_of_courses AS wanted WHERE wanted.course_id = NEW.id
    ON CONFLICT (course_id) DO UPDATE
    SET words = excluded.words, category = excluded.category, title_words = excluded.title_words;
  END IF;
  RETURN NULL;
END
$body$;

-- From here on courses cannot be written until the migration ends.
CREATE TRIGGER courses_search_words
  AFTER INSERT OR UPDATE OF title, category, description, is_published ON @schema.courses
  FOR EACH ROW EXECUTE FUNCTION @schema.search_words_follow();

-- Courses that were written in the meantime.
DELETE FROM @schema.search_words AS kept
WHERE NOT EXISTS (
  SELECT FROM @schema.courses AS course
  WHERE course.id = kept.course_id AND course.xmin = kept.source
);
INSERT INTO @schema.search_words (course_id, words, category, title_words)
SELECT wanted.*
FROM @schema.search_words_of_courses AS wanted
WHERE NOT EXISTS (
  SELECT FROM @schema.search_words AS kept WHERE kept.course_id = wanted.course_id
);

ALTER TABLE @schema.search_words
  DROP COLUMN source,
  ADD CONSTRAINT search_words_course_id_fkey
    FOREIGN KEY (course_id) REFERENCES @schema.courses (id) ON DELETE CASCADE;
