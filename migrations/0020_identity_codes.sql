-- +goose Up
-- What some services know a person by, as codes of the country pack: sex and
-- place and country of birth on civil records. Empty: not known, or not asked for.
ALTER TABLE beneficiaries
  ADD COLUMN gender           text NOT NULL DEFAULT '' CHECK (length(gender) <= 20),
  ADD COLUMN birth_place_code text NOT NULL DEFAULT '' CHECK (length(birth_place_code) <= 20),
  ADD COLUMN birth_country    text NOT NULL DEFAULT '' CHECK (length(birth_country) <= 20);
