-- Pages of published courses in a language.
CREATE INDEX CONCURRENTLY courses_published_language_idx ON @schema.courses (language, id)
WHERE is_published;
