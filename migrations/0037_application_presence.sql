-- What a person shows to others by an application: kept as long as the application. Null is what is shown without a choice.
-- A server of the previous version neither reads nor writes them.
alter table application add column availability text;
alter table application add column note text;
alter table application add column location text;
