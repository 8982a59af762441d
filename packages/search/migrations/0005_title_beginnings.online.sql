-- Titles that begin with what is typed, for suggestions.
CREATE INDEX CONCURRENTLY courses_title_beginnings_idx
ON @schema.courses (lower(title) text_pattern_ops)
WHERE is_published;
