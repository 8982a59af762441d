-- Misspelt words are compared with words of titles. Where pg_trgm is missing or may not be installed, that goes without an index.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
  END IF;
EXCEPTION
  WHEN insufficient_privilege OR feature_not_supported OR undefined_file THEN
    RAISE NOTICE 'pg_trgm is not installed: %', SQLERRM;
END
$$;

DO $$
BEGIN
  IF to_regprocedure('word_similarity(text, text)') IS NOT NULL THEN
    CREATE INDEX courses_title_trigrams_idx ON @schema.courses USING gin (title gin_trgm_ops);
  END IF;
END
$$;
