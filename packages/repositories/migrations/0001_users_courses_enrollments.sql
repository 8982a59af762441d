CREATE TABLE @schema.users (
  id            serial PRIMARY KEY,
  email         varchar(255) NOT NULL,
  username      varchar(100) NOT NULL,
  password_hash varchar(255) NOT NULL,
  full_name     varchar(255),
  role          varchar(50)  NOT NULL DEFAULT 'student',
  version       bigint       NOT NULL DEFAULT 1,
  created_at    timestamptz  NOT NULL DEFAULT now(),
  updated_at    timestamptz  NOT NULL DEFAULT now(),
  CONSTRAINT users_username_key UNIQUE (username)
);

-- Unique whatever the case; the name is the one a column constraint would have.
CREATE UNIQUE INDEX users_email_key ON @schema.users (lower(email));
CREATE INDEX users_role_idx ON @schema.users (role);

-- Every enrollment updates its course's row: free space on the page keeps those updates off the indexes.
CREATE TABLE @schema.courses (
  id                 serial PRIMARY KEY,
  title              varchar(255)   NOT NULL,
  description        text,
  instructor_id      integer        NOT NULL,
  category           varchar(100),
  difficulty_level   varchar(50),
  max_students       integer,
  current_enrollment integer        NOT NULL DEFAULT 0,
  price              decimal(10, 2) NOT NULL,
  is_published       boolean        NOT NULL DEFAULT false,
  version            bigint         NOT NULL DEFAULT 1,
  created_at         timestamptz    NOT NULL DEFAULT now(),
  updated_at         timestamptz    NOT NULL DEFAULT now(),
  search_vector      tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english', title), 'A')
    || setweight(to_tsvector('english', coalesce(category, '')), 'B')
    || setweight(to_tsvector('english', coalesce(description, '')), 'C')
  ) STORED,
  CONSTRAINT courses_instructor_id_fkey FOREIGN KEY (instructor_id) REFERENCES @schema.users (id),
  CONSTRAINT courses_capacity_check CHECK (max_students IS NULL OR current_enrollment <= max_students),
  CONSTRAINT courses_max_students_check CHECK (max_students >= 0),
  CONSTRAINT courses_current_enrollment_check CHECK (current_enrollment >= 0),
  CONSTRAINT courses_price_check CHECK (price >= 0)
) WITH (fillfactor = 80);

CREATE INDEX courses_category_idx ON @schema.courses (category);
CREATE INDEX courses_instructor_id_idx ON @schema.courses (instructor_id);
CREATE INDEX courses_is_published_idx ON @schema.courses (is_published) WHERE is_published;
CREATE INDEX courses_search_vector_idx ON @schema.courses USING gin (search_vector);

CREATE TABLE @schema.enrollments (
  id                  serial PRIMARY KEY,
  user_id             integer     NOT NULL,
  course_id           integer     NOT NULL,
  enrolled_at         timestamptz NOT NULL DEFAULT now(),
  completed_at        timestamptz,
  progress_percentage integer     NOT NULL DEFAULT 0,
  CONSTRAINT enrollments_user_id_fkey FOREIGN KEY (user_id) REFERENCES @schema.users (id) ON DELETE CASCADE,
  CONSTRAINT enrollments_course_id_fkey FOREIGN KEY (course_id) REFERENCES @schema.courses (id) ON DELETE CASCADE,
  CONSTRAINT enrollments_user_id_course_id_key UNIQUE (user_id, course_id),
  CONSTRAINT enrollments_progress_percentage_check CHECK (progress_percentage BETWEEN 0 AND 100)
);

CREATE INDEX enrollments_user_id_idx ON @schema.enrollments (user_id);
CREATE INDEX enrollments_course_id_idx ON @schema.enrollments (course_id);
CREATE INDEX enrollments_completed_at_idx ON @schema.enrollments (completed_at) WHERE completed_at IS NOT NULL;
