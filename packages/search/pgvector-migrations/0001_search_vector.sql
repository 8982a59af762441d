-- Refused where pgvector is missing or may not be installed by this role; nothing else of the package needs it.
CREATE EXTENSION IF NOT EXISTS vector;

-- Vectors of any length: each namespace holds those of one.
CREATE TABLE @schema.search_vector (
  namespace text             NOT NULL,
  id        text COLLATE "C" NOT NULL,
  embedding vector           NOT NULL,
  metadata  jsonb            NOT NULL,
  CONSTRAINT search_vector_pkey PRIMARY KEY (namespace, id)
);
