-- Courses that were there before the table: the lock lets none of them be deleted meanwhile.
-- In batches of 2000 by @schema.courses (id)
INSERT INTO @schema.course_popularity (course_id, students)
SELECT id, current_enrollment
FROM @schema.courses
WHERE id BETWEEN $1 AND $2
FOR KEY SHARE
ON CONFLICT (course_id) DO NOTHING;
