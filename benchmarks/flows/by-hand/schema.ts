import type { Db } from 'mongodb'

/** The tables and indexes of the reference design. */
export const schema = `
  CREATE TABLE users (
    id SERIAL PRIMARY KEY,
    email VARCHAR(255) UNIQUE NOT NULL,
    username VARCHAR(100) UNIQUE NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    full_name VARCHAR(255),
    role VARCHAR(50) NOT NULL DEFAULT 'student',
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
  );
  CREATE INDEX idx_users_email ON users(email);
  CREATE INDEX idx_users_role ON users(role);

  CREATE TABLE courses (
    id SERIAL PRIMARY KEY,
    title VARCHAR(255) NOT NULL,
    description TEXT,
    instructor_id INT NOT NULL REFERENCES users(id),
    category VARCHAR(100),
    difficulty_level VARCHAR(50),
    max_students INT,
    current_enrollment INT NOT NULL DEFAULT 0,
    price DECIMAL(10, 2) NOT NULL,
    is_published BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT chk_enrollment CHECK (current_enrollment <= max_students)
  );
  CREATE INDEX idx_courses_category ON courses(category);
  CREATE INDEX idx_courses_instructor ON courses(instructor_id);
  CREATE INDEX idx_courses_published ON courses(is_published) WHERE is_published = true;

  CREATE TABLE enrollments (
    id SERIAL PRIMARY KEY,
    user_id INT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    course_id INT NOT NULL REFERENCES courses(id) ON DELETE CASCADE,
    enrolled_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    completed_at TIMESTAMP,
    progress_percentage INT NOT NULL DEFAULT 0,
    UNIQUE(user_id, course_id),
    CONSTRAINT chk_progress CHECK (progress_percentage >= 0 AND progress_percentage <= 100)
  );
  CREATE INDEX idx_enrollments_user ON enrollments(user_id);
  CREATE INDEX idx_enrollments_course ON enrollments(course_id);
  CREATE INDEX idx_enrollments_completed ON enrollments(completed_at)
    WHERE completed_at IS NOT NULL`

/** Creates the indexes of the reference design that its flows write to. */
export async function createIndexes(mongodb: Db): Promise<void> {
  await mongodb
    .collection('user_activity')
    .createIndexes([
      { key: { user_id: 1, timestamp: -1 } },
      { key: { event_type: 1, timestamp: -1 } },
      { key: { timestamp: -1 } },
    ])
  await mongodb
    .collection('enrollment_events')
    .createIndexes([
      { key: { user_id: 1, timestamp: -1 } },
      { key: { course_id: 1, timestamp: -1 } },
      { key: { event_type: 1, timestamp: -1 } },
    ])
}
