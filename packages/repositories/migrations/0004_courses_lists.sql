-- Pages of published courses are read from an index in each common filter and order. None is on
-- current_enrollment: every enrollment would then write every index of the course's row.
CREATE INDEX courses_published_category_idx ON @schema.courses (category, id) WHERE is_published;
CREATE INDEX courses_published_instructor_idx ON @schema.courses (instructor_id, id) WHERE is_published;
CREATE INDEX courses_published_price_idx ON @schema.courses (price, id) WHERE is_published;
CREATE INDEX courses_published_title_idx ON @schema.courses (title, id) WHERE is_published;
