-- What the console looks up: user identities and phones by the beginnings of words, phone numbers by their first or last
-- digits, the deactivated phones of a user identity, barred installations, and a user identity's part of the audit trail.

-- The words of a text that is folded already, and the ends of a number from each digit on, as lexemes. Each begins with a part
-- of the workspace's id, so that a search reads the entries of its own workspace only; the condition on workspace_id decides.
-- Of a text beyond the limits of the API, the first 5,000 characters and 100 words count, since a lexeme has a maximum length.
-- The cost tells the planner to look a lexeme up rather than to compute it for each row. It has no query on its usual way,
-- which would take longer than all else.
create function search_words(workspace uuid, searched text, number text) returns tsvector
    language plpgsql immutable parallel safe cost 10000
as $function$
declare
    scope text := right(workspace::text, 12);
    spaced text := translate(left(searched, 5000),
        U&'\0009\000A\000B\000C\000D\001F!"#$%&''()*+,-./:;<=>?@[\005C]^_`{|}~\00A0\2013\2014\2018\2019\201C\201D\2026\3000\3001\3002',
        repeat(' ', 49));
    words text[] := array_remove(string_to_array(scope || replace(spaced, ' ', ' ' || scope), ' '), scope);
    digits text;
begin
    if octet_length(spaced) > 1600 then
        words := array(select left(word, 72) from unnest(words[:100]) as word);
    end if;
    if number is not null then
        digits := right(regexp_replace(number, '[^0-9]+', '', 'g'), 20);
        words := words || array(select scope || substr(digits, place) from generate_series(1, length(digits) - 3) as place);
    end if;
    return array_to_tsvector(words);
end
$function$;

-- Matches search_words that have each of the searched words, at least as a beginning, or these digits. Null if there is
-- nothing to look for. A lexeme has no character that is special in a query. Not parallel safe, since to start workers takes
-- longer than a search.
create function search_query(workspace uuid, searched text, digits text) returns tsquery
    language plpgsql immutable
as $function$
declare
    all_words text := (
        select string_agg('''' || left(lexeme, 72) || ''':*', ' & ')
        from unnest(tsvector_to_array(search_words(workspace, searched, null))) as lexeme
    );
    these_digits text := '''' || right(workspace::text, 12) || nullif(digits, '') || ''':*';
begin
    return nullif(concat_ws(' | ', '(' || all_words || ')', these_digits), '')::tsquery;
end
$function$;

-- Without a list of pending entries, which a write would have to merge now and then.
create index user_identity_by_word on user_identity
    using gin (search_words(workspace_id, search_text, phone_number_folded)) with (fastupdate = off);
create index number_register_by_number on number_register (workspace_id, (number collate "C"));
create index number_register_by_last_digits on number_register (workspace_id, (reverse(number) collate "C"));
create index audit_of_user_identity on audit (
    workspace_id, (coalesce(after ->> 'user_identity_id', before ->> 'user_identity_id')), at, audit_id
) where coalesce(after ->> 'user_identity_id', before ->> 'user_identity_id') is not null;
create index phone_deactivated_of_user_identity
    on phone (workspace_id, user_identity_id, deactivated_at, device_id) where deactivated_at is not null;
create index phone_barred on phone (workspace_id, deactivated_at, device_id)
    where deactivated_at is not null and readmitted_at is null and custom_sdk_installation_id is not null;
-- Last, since it takes longest. Deactivated phones have no entry, so a deactivation writes none.
create index phone_by_word on phone using gin (search_words(workspace_id, search_text, null)) with (fastupdate = off)
    where deactivated_at is null;
