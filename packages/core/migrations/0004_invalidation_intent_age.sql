-- A long outage of Redis leaves hundreds of thousands of intents. They are read in the order of
-- their age.
CREATE INDEX invalidation_intent_age ON @schema.invalidation_intent (prefix, created_at);
