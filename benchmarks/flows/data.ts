/** Users; the first hundred are the ones that reads ask for. */
export const [users, readers] = [1_000, 100]

/** Courses that each reader is enrolled in. */
export const enrolledIn = 10

const topics = [
  ['algebra', 'archery', 'astronomy', 'baking', 'beekeeping', 'botany', 'calligraphy', 'carpentry'],
  ['chemistry', 'chess', 'cryptography', 'dancing', 'drawing', 'economics', 'electronics'],
  ['embroidery', 'fencing', 'forestry', 'gardening', 'genetics', 'geology', 'grammar'],
  ['history', 'juggling', 'knitting', 'linguistics', 'magnetism', 'meteorology', 'navigation'],
  ['optics', 'philosophy', 'photography', 'pottery', 'robotics', 'sailing', 'sculpture'],
  ['singing', 'statistics', 'swimming', 'woodcarving'],
].flat()

/** Courses of each topic, which are what a query with its name finds. */
export const coursesPerTopic = 10

/** Published courses, and courses that a benchmark publishes; ids begin at 1, drafts come last. */
export const [published, drafts] = [topics.length * coursesPerTopic, 200]

const phrases = ['for beginners', 'in practice', 'step by step', 'made simple']

/** The nth query; there are as many as topics and phrases. */
export function queryOf(n: number): string {
  const [topic, phrase] = [n % topics.length, Math.floor(n / topics.length) % phrases.length]
  return `${topics[topic] ?? ''} ${phrases[phrase] ?? ''}`
}

/** The title of a published course, as it is filled in. */
export function titleOf(id: number): string {
  const [topic, n] = [(id - 1) % topics.length, Math.floor((id - 1) / topics.length) + 1]
  return `${topics[topic] ?? ''} course ${n}`
}

/** Different queries that {@link queryOf} makes. */
export const queries = topics.length * phrases.length

/**
 * Fills the tables of either side with the same rows. The columns are those of the reference
 * design.
 */
export const seeds: readonly (readonly [text: string, values: readonly unknown[]])[] = [
  [
    `INSERT INTO users (email, username, password_hash, full_name)
     SELECT 'user' || n || '@example.com', 'user' || n, 'x', 'User ' || n
     FROM generate_series(1, $1::int) AS n`,
    [users],
  ],
  [
    `INSERT INTO courses (title, description, instructor_id, category, difficulty_level,
       max_students, current_enrollment, price, is_published)
     SELECT topic || ' course ' || n, 'All of ' || topic || ' ' || $2::text, 1, topic, 'beginner',
       100000, CASE WHEN n = 1 AND place <= $4 THEN $5::int ELSE 0 END, 49, true
     FROM generate_series(1, $3::int) AS n,
       unnest($1::text[]) WITH ORDINALITY AS t (topic, place)
     ORDER BY n, place`,
    [topics, phrases.join(', '), coursesPerTopic, enrolledIn, readers],
  ],
  [
    `INSERT INTO courses (title, description, instructor_id, max_students, price)
     SELECT 'Draft ' || n, 'Nothing yet', 1, 100000, 49 FROM generate_series(1, $1::int) AS n`,
    [drafts],
  ],
  [
    `INSERT INTO enrollments (user_id, course_id, enrolled_at)
     SELECT u, c, now() - c * interval '1 hour'
     FROM generate_series(1, $1::int) AS u, generate_series(1, $2::int) AS c`,
    [readers, enrolledIn],
  ],
]
