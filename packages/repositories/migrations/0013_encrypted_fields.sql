-- Encrypted texts by the names of their fields, where the application names fields to encrypt.
ALTER TABLE @schema.users ADD COLUMN sealed jsonb;
ALTER TABLE @schema.user_origin ADD COLUMN sealed jsonb;
