-- What statements need so that Citus runs them where the rows are. On one Postgres they are the same statements.

-- A row as a document. Citus refuses a function that is not immutable where a statement returns what it wrote, and to_jsonb is
-- not, since times of a session can be in another time zone than UTC. Those of the server are in UTC.
create function as_document(anyelement) returns jsonb
    language plpgsql immutable strict parallel safe
as $function$
begin
    return to_jsonb($1);
end
$function$;

-- The next time of a workspace's clock: that of the last of the new events, but after all earlier ones. `wanted` is the time of
-- the last new event if there are no later ones, and `began` that of the first.
create function clock_after(last_at timestamptz, wanted timestamptz, began timestamptz) returns timestamptz
    language plpgsql immutable strict parallel safe
as $function$
begin
    return greatest(wanted, last_at + (wanted - began) + interval '1 microsecond');
end
$function$;
