-- What is said of a contact as the one document that is read, where fifteen values would be put together anew for each
-- reader. It is made of the columns when they are written, whichever version of the server writes them, with its keys in the
-- order in which they are shown. (A function in SQL would be planned anew by each statement that writes a contact.)
create function contact_said(
    prefix text, first_name text, middle_name text, last_name text, suffix text, nickname text, company text,
    phonetic_first_name text, phonetic_middle_name text, phonetic_last_name text, department text, job_title text,
    emails jsonb, phone_numbers jsonb, addresses jsonb
) returns json
    language plpgsql immutable parallel safe
as $function$
begin
    return concat(
        '{"prefix":', to_json(prefix), ',"first_name":', to_json(first_name),
        ',"middle_name":', to_json(middle_name), ',"last_name":', to_json(last_name),
        ',"suffix":', to_json(suffix), ',"nickname":', to_json(nickname), ',"company":', to_json(company),
        ',"phonetic_first_name":', to_json(phonetic_first_name),
        ',"phonetic_middle_name":', to_json(phonetic_middle_name),
        ',"phonetic_last_name":', to_json(phonetic_last_name), ',"department":', to_json(department),
        ',"job_title":', to_json(job_title),
        ',"emails":[', (
            select string_agg(concat(
                '{"type":', item -> 'type', ',"email":', item -> 'email', '}'
            ), ',' order by place) from jsonb_array_elements(emails) with ordinality as listed (item, place)
        ),
        '],"phone_numbers":[', (
            select string_agg(concat(
                '{"type":', item -> 'type', ',"number":', item -> 'number',
                ',"normalized":', item -> 'normalized', '}'
            ), ',' order by place) from jsonb_array_elements(phone_numbers) with ordinality as listed (item, place)
        ),
        '],"addresses":[', (
            select string_agg(concat(
                '{"type":', item -> 'type', ',"street":', item -> 'street', ',"city":', item -> 'city',
                ',"state":', item -> 'state', ',"zip":', item -> 'zip', ',"country":', item -> 'country', '}'
            ), ',' order by place) from jsonb_array_elements(addresses) with ordinality as listed (item, place)
        ),
        ']}')::json;
end
$function$;

alter table contact add column said json not null generated always as (contact_said(
    prefix, first_name, middle_name, last_name, suffix, nickname, company, phonetic_first_name, phonetic_middle_name,
    phonetic_last_name, department, job_title, emails, phone_numbers, addresses)) stored;
