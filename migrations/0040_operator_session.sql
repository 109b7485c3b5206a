-- What lets operators in to the console: links that are valid once, and sessions. A server of the previous version neither
-- reads nor writes them.

-- Tokens that are valid once: a link that signs in, or an invitation to choose a password.
create table operator_link (
    token_hash bytea not null,
    operator_id uuid not null,
    purpose text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint operator_link_pkey primary key (token_hash),
    constraint operator_link_operator_fkey foreign key (operator_id) references operator on delete cascade,
    constraint operator_link_purpose_known check (purpose in ('sign_in', 'invitation'))
);
create index operator_link_of_operator on operator_link (operator_id);

create table operator_session (
    token_hash bytea not null,
    operator_session_id uuid not null,
    operator_id uuid not null,
    -- How it was opened.
    method text not null,
    -- The client's address when it was opened.
    address inet,
    created_at timestamptz not null,
    -- Of the last request, within a few minutes.
    used_at timestamptz not null,
    expires_at timestamptz not null,
    constraint operator_session_pkey primary key (token_hash),
    constraint operator_session_id_unique unique (operator_session_id),
    constraint operator_session_operator_fkey foreign key (operator_id) references operator on delete cascade,
    constraint operator_session_method_known check (method in ('link', 'invitation', 'password', 'sso'))
);
create index operator_session_of_operator on operator_session (operator_id, created_at);
