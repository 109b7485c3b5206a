-- What the audit trail keeps of a document that replaces another or is replaced by it: the ids, and what differs. Without it
-- an update of one field would store all the others twice. Rows of former versions have whole documents; readers compare
-- both sides either way.
create function changed(document jsonb, other jsonb) returns jsonb
    language plpgsql immutable parallel safe
as $function$
begin
    if document is null or other is null then
        return document;
    end if;
    return coalesce((
        select jsonb_object_agg(key, value) from jsonb_each(document)
        where key in ('device_id', 'user_identity_id', 'acs_credential_id', 'register_id', 'number', 'slot_type')
            or other -> key is distinct from value
    ), '{}');
end
$function$;
