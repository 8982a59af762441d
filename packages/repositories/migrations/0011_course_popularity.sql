-- About how many students each course has, apart from the courses: an index on current_enrollment
-- would have every enrollment write all indexes of the course's row. Exact below 90; above that
-- students and current_enrollment differ by about a 91st at most.
CREATE TABLE @schema.course_popularity (
  course_id integer NOT NULL,
  students  integer NOT NULL,
  CONSTRAINT course_popularity_pkey PRIMARY KEY (course_id),
  CONSTRAINT course_popularity_course_id_fkey FOREIGN KEY (course_id)
    REFERENCES @schema.courses (id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX course_popularity_students_idx ON @schema.course_popularity (students, course_id);

CREATE FUNCTION @schema.note_course_popularity() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO @schema.course_popularity (course_id, students)
  VALUES (NEW.id, NEW.current_enrollment)
  ON CONFLICT (course_id) DO UPDATE SET students = excluded.students;
  RETURN NULL;
END
$$;

-- Triggers that run before an update would have search_vector computed by every one of them.
CREATE TRIGGER course_popularity_insert AFTER INSERT ON @schema.courses
FOR EACH ROW EXECUTE FUNCTION @schema.note_course_popularity();

-- Steps of a 92nd, which below 91 are smaller than one student.
CREATE TRIGGER course_popularity_update AFTER UPDATE OF current_enrollment ON @schema.courses
FOR EACH ROW WHEN (
  floor(92 * ln(OLD.current_enrollment + 1)) <> floor(92 * ln(NEW.current_enrollment + 1))
)
EXECUTE FUNCTION @schema.note_course_popularity();
