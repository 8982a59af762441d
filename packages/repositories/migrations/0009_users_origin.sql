-- The request that a registration came with: personal data, which the outbox never holds. It waits
-- here until the event is in the activity log, and goes with the user.
CREATE TABLE @schema.user_origin (
  user_id       integer       PRIMARY KEY,
  ip_address    varchar(45),
  user_agent    varchar(1000),
  referrer      varchar(2000),
  registered_at timestamptz   NOT NULL DEFAULT now(),
  CONSTRAINT user_origin_user_id_fkey FOREIGN KEY (user_id) REFERENCES @schema.users (id) ON DELETE CASCADE
);
CREATE INDEX user_origin_registered_at_idx ON @schema.user_origin (registered_at);
