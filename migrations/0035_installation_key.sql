-- An installation id as it is compared: without regard to case, to the form in which its letters are composed, and to spaces,
-- control characters and characters that are not shown; null if nothing is left. So a variant of the id of a barred
-- installation is that installation. The function is not strict, so that it can stand in a statement as it is.
create function installation_key(installation text) returns text
    language sql immutable parallel safe
    return nullif(folded(normalize(regexp_replace(
        installation,
        '[\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f'
        '\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb'
        '\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+',
        '', 'g'), nfc)), '');
create index phone_by_installation_key on phone (workspace_id, installation_key(custom_sdk_installation_id), user_identity_id)
    where custom_sdk_installation_id is not null;
