-- Words by the language of their course. English rows stay as they are: no row is written for it.

-- First what writers of courses lock first, before they wait for the words: in the other order they
-- and this migration would wait for each other.
LOCK TABLE @schema.courses IN SHARE ROW EXCLUSIVE MODE;

-- PostgreSQL's text search configuration of a language: `simple`, which has neither stems nor common
-- words, where it has none. languages.ts has the same list.
CREATE FUNCTION @schema.search_configuration(language text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $body$
  SELECT coalesce((
    SELECT cfgname::text
    FROM pg_catalog.pg_ts_config
    WHERE cfgnamespace = 'pg_catalog'::regnamespace
      AND cfgname = CASE lower(split_part(language, '-', 1))
        WHEN 'ar' THEN 'arabic' WHEN 'ca' THEN 'catalan' WHEN 'da' THEN 'danish'
        WHEN 'de' THEN 'german' WHEN 'el' THEN 'greek' WHEN 'en' THEN 'english'
        WHEN 'es' THEN 'spanish' WHEN 'et' THEN 'estonian' WHEN 'eu' THEN 'basque'
        WHEN 'fi' THEN 'finnish' WHEN 'fr' THEN 'french' WHEN 'ga' THEN 'irish'
        WHEN 'hi' THEN 'hindi' WHEN 'hu' THEN 'hungarian' WHEN 'hy' THEN 'armenian'
        WHEN 'id' THEN 'indonesian' WHEN 'it' THEN 'italian' WHEN 'lt' THEN 'lithuanian'
        WHEN 'nb' THEN 'norwegian' WHEN 'ne' THEN 'nepali' WHEN 'nl' THEN 'dutch'
        WHEN 'nn' THEN 'norwegian' WHEN 'no' THEN 'norwegian' WHEN 'pt' THEN 'portuguese'
        WHEN 'ro' THEN 'romanian' WHEN 'ru' THEN 'russian' WHEN 'sr' THEN 'serbian'
        WHEN 'sv' THEN 'swedish' WHEN 'ta' THEN 'tamil' WHEN 'tr' THEN 'turkish'
        WHEN 'yi' THEN 'yiddish'
      END
  ), 'simple')
$body$;

-- The compared form of a text with its accents: stemmers know endings such as ción and ный by them.
-- search-text.ts gives queries the same form.
DO $do$
BEGIN
  EXECUTE format(
    $sql$
      CREATE FUNCTION @schema.search_marked_text(content text) RETURNS text
      LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
      AS $body$
        SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(
          -- Marks that are no part of a letter.
          regexp_replace(
            normalize(lower(normalize(content, NFKC) COLLATE %I), NFC),
            '[\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u00ad\u200b-\u200d\ufe00-\ufe0f]', '', 'g'
          ),
          '(^|[^a-z0-9])c\+\+', '\1cplusplus ', 'g'),
          '(^|[^a-z0-9])([a-z])#', '\1\2sharp ', 'g'),
          '[\u0001-\u001f\u0021-\u002f\u003a-\u0060\u007b-\u00bf\u00d7\u00f7\u060c\u061b\u061f\u06d4\u0964\u0965\u2000-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d\u30fb\ufe10-\ufe6f\uff00-\uff0f\uff5f-\uff65\U0001f000-\U0001faff]+', ' ', 'g'),
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

-- Words with accents, as they are spelt: German ones may have ae, oe and ue for ä, ö and ü, Russian
-- ones е for ё, as stemmers and lists of common words have it.
CREATE FUNCTION @schema.search_spelt(configuration text, marked text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
  SELECT CASE configuration
    WHEN 'german'
    THEN regexp_replace(replace(replace(marked, 'ae', 'ä'), 'oe', 'ö'), '(?<![aeiouyäöüq])ue', 'ü', 'g')
    WHEN 'russian' THEN replace(marked, 'ё', 'е')
    ELSE marked
  END
$body$;

-- Stems in their compared form: the letters of a tsvector or a tsquery, as text, without accents.
CREATE FUNCTION @schema.search_unmarked(stems text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $body$
  SELECT replace(replace(replace(translate(
    normalize(regexp_replace(normalize(stems, NFKD), '[\u0300-\u036f]', '', 'g'), NFC),
    'łøđħıς', 'lodhiσ'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
$body$;

-- The stems of a text: of its words as they are written, and of those without accents, at the same
-- positions, since queries come with and without.
CREATE FUNCTION @schema.search_stems(configuration text, content text) RETURNS tsvector
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $body$
  SELECT CASE WHEN configuration IN ('english', 'simple')
    THEN to_tsvector(configuration::regconfig, @schema.search_text(content))
    ELSE (
      @schema.search_unmarked(to_tsvector(
        configuration::regconfig,
        @schema.search_spelt(configuration, @schema.search_marked_text(content))
      )::text)
      || ' ' || to_tsvector(configuration::regconfig, @schema.search_text(content))::text
    )::tsvector
  END
$body$;

-- The stems of a word of a query, with its accents and without; null for one that is common in the
-- language. Common words that have accents are often typed without: these lists have them, save where
-- that is another word (Turkish su, Norwegian bade). A word with accents is none of them.
CREATE FUNCTION @schema.search_stem_query(configuration text, marked text, compared text)
RETURNS tsquery
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $body$
  SELECT CASE
    WHEN numnode(stem.own) = 0 THEN NULL
    WHEN marked = compared AND trim(compared, '''') = ANY (string_to_array(CASE configuration
      WHEN 'danish' THEN 'nar ogsa pa sadan vaere vaeret'
      WHEN 'finnish' THEN 'etta han mika mina mita seka sina sita tama tata'
      WHEN 'french' THEN 'a etait ete meme'
      WHEN 'german' THEN 'dass fur konnen konnte uber wahrend wurde wurden'
      WHEN 'hungarian' THEN 'altal amig azert azutan es ezert igy kozott mar mig nelkul ossze szamara tehat tobb tovabb ugy utan'
      WHEN 'italian' THEN 'perche piu'
      WHEN 'norwegian' THEN 'a nar ogsa pa sa vaere vaert'
      WHEN 'portuguese' THEN 'ate ha ja nao sao so tambem voce voces'
      WHEN 'spanish' THEN 'mas si tambien'
      WHEN 'swedish' THEN 'an ar at da dar for fran nagon nagot nagra nar over pa sa'
      WHEN 'turkish' THEN 'bazi cok cunku hic icin mi nasil nicin sey tum'
    END, ' ')) THEN NULL
    WHEN configuration IN ('english', 'simple') THEN stem.own
    ELSE @schema.search_unmarked(stem.own::text)::tsquery
         || to_tsquery(configuration::regconfig, compared)
  END
  FROM (
    SELECT to_tsquery(
      configuration::regconfig,
      CASE WHEN configuration IN ('english', 'simple') THEN compared
           ELSE @schema.search_spelt(configuration, marked) END
    ) AS own
  ) AS stem
$body$;

-- As search_words_of, for a course in any language.
CREATE FUNCTION @schema.search_words_in(
  configuration text, title text, category text, description text
) RETURNS tsvector
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
  SELECT CASE WHEN configuration = 'english'
    THEN @schema.search_words_of(title, category, description)
    ELSE setweight(to_tsvector('simple', compared.plain_title || ' ' || coalesce(@schema.search_joined(compared.plain_title), '')), 'A')
      || setweight(@schema.search_stems(configuration, coalesce(title, '')), 'B')
      || setweight(@schema.search_stems(configuration, coalesce(category, '') || ' ' || coalesce(@schema.search_joined(compared.plain_category), '')), 'C')
      || setweight(@schema.search_stems(configuration, coalesce(description, '') || ' ' || coalesce(compound.joined, '')), 'D')
  END
  FROM (
    SELECT @schema.search_text(coalesce(title, '')) AS plain_title,
           @schema.search_text(coalesce(category, '')) AS plain_category
  ) AS compared,
  LATERAL (
    SELECT string_agg(regexp_replace(parts[1], '[-./]', '', 'g'), ' ') AS joined
    FROM regexp_matches(lower(description COLLATE "C"), '[a-z0-9]+(?:[-./][a-z0-9]+)+', 'g') AS parts
  ) AS compound
$body$;

CREATE OR REPLACE VIEW @schema.search_words_of_courses AS
  SELECT id AS course_id,
         @schema.search_words_in(@schema.search_configuration(language), title, category, description) AS words,
         trim(@schema.search_text(coalesce(category, ''))) AS category,
         cardinality(regexp_split_to_array(trim(@schema.search_text(title)), ' +')) AS title_words,
         @schema.search_configuration(language) AS configuration
  FROM @schema.courses
  WHERE is_published;

ALTER TABLE @schema.search_words ADD COLUMN configuration text NOT NULL DEFAULT 'english';

-- The configurations of the rows of search_words, besides english. One that no course has any more
-- stays; to search with it changes nothing.
CREATE TABLE @schema.search_language (
  -- Not unique: two courses that bring the same language at once need not wait for each other.
  configuration text NOT NULL
);

CREATE FUNCTION @schema.search_language_grow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  INSERT INTO @schema.search_language (configuration)
  SELECT NEW.configuration
  WHERE NOT EXISTS (
    SELECT FROM @schema.search_language AS known WHERE known.configuration = NEW.configuration
  );
  RETURN NULL;
END
$body$;

CREATE TRIGGER search_words_language
AFTER INSERT OR UPDATE OF configuration ON @schema.search_words
FOR EACH ROW WHEN (NEW.configuration <> 'english')
EXECUTE FUNCTION @schema.search_language_grow();

CREATE OR REPLACE FUNCTION @schema.search_words_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF NOT NEW.is_published THEN
    DELETE FROM @schema.search_words WHERE course_id = NEW.id;
  ELSIF TG_OP = 'INSERT'
    OR (OLD.title, OLD.category, OLD.description, OLD.is_published, OLD.language)
       IS DISTINCT FROM (NEW.title, NEW.category, NEW.description, NEW.is_published, NEW.language) THEN
    INSERT INTO @schema.search_words (course_id, words, category, title_words, configuration)
    SELECT wanted.course_id, wanted.words, wanted.category, wanted.title_words, wanted.configuration
    FROM @schema.search_words_of_courses AS wanted
    WHERE wanted.course_id = NEW.id
    ON CONFLICT (course_id) DO UPDATE
    SET words = excluded.words, category = excluded.category, title_words = excluded.title_words,
        configuration = excluded.configuration;
  END IF;
  RETURN NULL;
END
$body$;

CREATE OR REPLACE TRIGGER courses_search_words
  AFTER INSERT OR UPDATE OF title, category, description, is_published, language ON @schema.courses
  FOR EACH ROW EXECUTE FUNCTION @schema.search_words_follow();
