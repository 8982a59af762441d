-- Titles that were there before the table. A word counts as often as in the first batch that has it.
-- In batches of 1000 by @schema.courses (id)
INSERT INTO @schema.search_vocabulary (word, titles)
SELECT fresh.word,
       CASE WHEN fresh.titles <= 16 THEN fresh.titles ELSE 12 + floor(log(2, fresh.titles)) END
FROM (
  SELECT part.word, count(*) AS titles
  FROM @schema.courses AS course, @schema.search_vocabulary_of(course.title) AS part (word)
  WHERE course.id BETWEEN $1 AND $2 AND course.is_published
  GROUP BY part.word
) AS fresh
WHERE NOT EXISTS (SELECT FROM @schema.search_vocabulary AS known WHERE known.word = fresh.word);
