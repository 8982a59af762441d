-- Courses in other languages that were there before their words had one. The lock lets none of them
-- change meanwhile.
-- In batches of 200 by @schema.courses (id)
WITH course AS MATERIALIZED (
  SELECT id, title, category, description, @schema.search_configuration(language) AS configuration
  FROM @schema.courses
  WHERE id BETWEEN $1 AND $2 AND is_published AND language !~* '^en(-|$)'
  FOR SHARE
)
INSERT INTO @schema.search_words AS kept (course_id, words, category, title_words, configuration)
SELECT id, @schema.search_words_in(configuration, title, category, description),
       trim(@schema.search_text(coalesce(category, ''))),
       cardinality(regexp_split_to_array(trim(@schema.search_text(title)), ' +')),
       configuration
FROM course
ON CONFLICT (course_id) DO UPDATE
SET words = excluded.words, configuration = excluded.configuration
WHERE kept.configuration <> excluded.configuration;
