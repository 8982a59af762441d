-- How similar the vectors of a generation are: what separates related texts from unrelated ones.
CREATE TABLE @schema.search_calibration (
  generation  text             NOT NULL,
  typical     double precision NOT NULL,
  floor       double precision NOT NULL,
  -- Records in the index when it was measured.
  courses     integer          NOT NULL,
  measured_at timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT search_calibration_pkey PRIMARY KEY (generation)
);
