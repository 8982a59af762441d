-- The payment of a seat. NULL in rows that are older than this migration.
ALTER TABLE @schema.enrollments
  ADD COLUMN paid_at        timestamptz,
  ADD COLUMN price_paid     numeric(10, 2),
  ADD COLUMN discount       numeric(10, 2),
  ADD COLUMN currency       char(3),
  ADD COLUMN payment_method varchar(50),
  ADD COLUMN order_id       varchar(100);

-- Payments of seats that ended, and the amount refunded. Users and courses are no foreign keys: the
-- record outlives them. A deleted user's id is replaced by the pseudonym.
CREATE TABLE @schema.enrollment_ended (
  enrollment_id  integer     PRIMARY KEY,
  user_id        bigint      NOT NULL,
  course_id      integer     NOT NULL,
  ended_at       timestamptz NOT NULL DEFAULT now(),
  paid_at        timestamptz,
  price_paid     numeric(10, 2),
  discount       numeric(10, 2),
  currency       char(3),
  payment_method varchar(50),
  order_id       varchar(100),
  refunded       numeric(10, 2) NOT NULL DEFAULT 0,
  CONSTRAINT enrollment_ended_refunded_check CHECK (refunded BETWEEN 0 AND coalesce(price_paid, 0))
);
CREATE INDEX enrollment_ended_user_id_idx ON @schema.enrollment_ended (user_id);
CREATE INDEX enrollment_ended_course_id_idx ON @schema.enrollment_ended (course_id);

-- Every payment and refund; refunds are negative. Revenue is the sum of the amounts.
CREATE VIEW @schema.enrollment_payment AS
  SELECT id AS enrollment_id, user_id::bigint AS user_id, course_id, 'payment' AS kind,
         price_paid AS amount, discount, currency, payment_method, order_id, paid_at AS happened_at
  FROM @schema.enrollments
  WHERE price_paid IS NOT NULL
  UNION ALL
  SELECT enrollment_id, user_id, course_id, 'payment',
         price_paid, discount, currency, payment_method, order_id, paid_at
  FROM @schema.enrollment_ended
  WHERE price_paid IS NOT NULL
  UNION ALL
  SELECT enrollment_id, user_id, course_id, 'refund',
         -refunded, NULL, currency, payment_method, order_id, ended_at
  FROM @schema.enrollment_ended
  WHERE refunded > 0;
