-- +goose Up
-- E-mail and telephone are scopes of their own: services of the FranceConnect
-- profile, which had to be registered with "contact" to ask for either, keep both.
SELECT set_config('relais.acting', 'migration:0019', true);
UPDATE clients SET version = version + 1,
  scopes = scopes || ARRAY (SELECT s FROM unnest('{email,phone}'::text[]) s WHERE s <> ALL (scopes))
  WHERE profile = 'franceconnect' AND 'contact' = ANY (scopes) AND NOT scopes @> '{email,phone}';
