-- Encrypted texts by the names of their fields, where the application names fields to encrypt. Their
-- columns then hold a blind index or a mark. The check keeps a process that knows nothing of
-- encrypted texts from changing a column beside them. No row that is there has any.
ALTER TABLE @schema.users
  ADD COLUMN sealed jsonb,
  ADD CONSTRAINT users_sealed_check CHECK (
    (email LIKE 'blind:1:%') = coalesce(sealed ? 'email', false)
    AND (full_name IS NOT DISTINCT FROM 'enc:1:sealed' OR NOT coalesce(sealed ? 'fullName', false))
  ) NOT VALID;
ALTER TABLE @schema.user_origin ADD COLUMN sealed jsonb;
