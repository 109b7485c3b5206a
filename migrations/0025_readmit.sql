-- A deactivated phone stays off: the client sessions that spoke for it end with it, and its installation is not registered
-- again, for any user identity of the workspace, until it is readmitted. The deactivated phone itself is what refuses it.

-- When the installation of a deactivated phone was allowed to register again.
alter table phone add column readmitted_at timestamptz;
create index phone_by_installation
    on phone (workspace_id, custom_sdk_installation_id) where custom_sdk_installation_id is not null;
-- Installations that had registered again before this rule are in use.
update phone set readmitted_at = now()
where deactivated_at is not null and exists (
    select from phone as active
    where active.workspace_id = phone.workspace_id
        and active.custom_sdk_installation_id = phone.custom_sdk_installation_id and active.deactivated_at is null
);

-- The client sessions that registered a phone, or found it registered.
create table phone_client_session (
    workspace_id uuid not null,
    device_id uuid not null,
    client_session_id uuid not null,
    constraint phone_client_session_pkey primary key (workspace_id, device_id, client_session_id),
    constraint phone_client_session_phone_fkey foreign key (workspace_id, device_id) references phone on delete cascade,
    constraint phone_client_session_session_fkey foreign key (workspace_id, client_session_id)
        references client_session on delete cascade
);
create index phone_client_session_of_session on phone_client_session (workspace_id, client_session_id);
-- What the audit trail knows of phones registered before this table existed.
insert into phone_client_session (workspace_id, device_id, client_session_id)
select audit.workspace_id, audit.device_id, audit.credential_id
from audit
join phone on phone.workspace_id = audit.workspace_id and phone.device_id = audit.device_id
join client_session
    on client_session.workspace_id = audit.workspace_id and client_session.client_session_id = audit.credential_id
where action = 'phone.registered' and credential_kind = 'client_session' and phone.deactivated_at is null
on conflict do nothing;
