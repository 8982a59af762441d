-- Users who wait for a seat in a full course, in the order of their ids: whoever joins has locked
-- the course. A place with an offer holds one of the course's seats until the offer ends.
CREATE TABLE @schema.waitlist (
  id            integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id       integer     NOT NULL,
  course_id     integer     NOT NULL,
  joined_at     timestamptz NOT NULL DEFAULT statement_timestamp(),
  offered_at    timestamptz,
  offer_ends_at timestamptz,
  CONSTRAINT waitlist_user_id_fkey FOREIGN KEY (user_id) REFERENCES @schema.users (id) ON DELETE CASCADE,
  CONSTRAINT waitlist_course_id_fkey FOREIGN KEY (course_id) REFERENCES @schema.courses (id) ON DELETE CASCADE,
  CONSTRAINT waitlist_user_id_course_id_key UNIQUE (user_id, course_id),
  CONSTRAINT waitlist_offer_check CHECK ((offered_at IS NULL) = (offer_ends_at IS NULL))
);
CREATE INDEX waitlist_course_id_idx ON @schema.waitlist (course_id, id);
CREATE INDEX waitlist_offers_idx ON @schema.waitlist (course_id) WHERE offered_at IS NOT NULL;
CREATE INDEX waitlist_offered_at_idx ON @schema.waitlist (offered_at) WHERE offered_at IS NOT NULL;
CREATE INDEX waitlist_offer_ends_at_idx ON @schema.waitlist (offer_ends_at) WHERE offered_at IS NOT NULL;

-- The places of a course, and those of them that hold a seat. The check lets no one sell a held
-- seat, a release from before waiting lists included.
ALTER TABLE @schema.courses
  ADD COLUMN seats_offered   integer NOT NULL DEFAULT 0,
  ADD COLUMN waitlist_length integer NOT NULL DEFAULT 0,
  ADD CONSTRAINT courses_seats_offered_check CHECK (
    seats_offered >= 0 AND (max_students IS NULL OR current_enrollment + seats_offered <= max_students)
  ),
  ADD CONSTRAINT courses_waitlist_length_check CHECK (waitlist_length >= seats_offered);
CREATE INDEX courses_waitlist_idx ON @schema.courses (id) WHERE waitlist_length > seats_offered;
