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

-- What follows is for Citus: it runs a statement of several parts part after part, with a round trip to each node for each part,
-- but the call of a function at once, on the node with the rows of the workspace that is its first argument. distribute() tells
-- it so. On one Postgres these functions are not called.

-- Writes events with their deliveries and rows of the audit trail, as the statements of the server do. Each event has `event_id`,
-- `event_type`, `user_identity_id`, `details`, `at` and `context`; each change has `action`, `subject_id`, `before`, `after`,
-- `at` and `context`. `began` is the latest of their times.
create function record_changes(workspace uuid, began timestamptz, events jsonb[], changes jsonb[]) returns void
    language plpgsql
as $function$
declare
    event_count integer := coalesce(cardinality(events), 0);
    event jsonb;
    change jsonb;
    last_event_at timestamptz;
    type_of_event text;
    is_opt_in_event boolean;
    receiver record;
    receiver_ids uuid[] := '{}';
    wanted jsonb[] := '{}';
begin
    if event_count > 0 then
        insert into event_clock as clock (workspace_id, last_at)
        values (workspace, clock_after('-infinity', began + (event_count - 1) * interval '1 microsecond', began))
        on conflict (workspace_id) do update set last_at = clock_after(clock.last_at, excluded.last_at, began)
        returning last_at into last_event_at;
        for receiver in
            select webhook_id, event_types from webhook
            where workspace_id = workspace and disabled_at is null
            order by webhook_id
            for key share
        loop
            receiver_ids := receiver_ids || receiver.webhook_id;
            wanted := wanted || to_jsonb(receiver.event_types);
        end loop;
    end if;
    for place in 1..event_count loop
        event := events[place];
        type_of_event := event ->> 'event_type';
        is_opt_in_event := coalesce(event -> 'context' -> 'opt_in_types' ? type_of_event, false);
        insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, user_identity_id, details)
        values (workspace, (event ->> 'event_id')::uuid, type_of_event, is_opt_in_event,
            last_event_at - (event_count - place) * interval '1 microsecond', (event ->> 'at')::timestamptz,
            (event ->> 'user_identity_id')::uuid, event -> 'details');
        for index in 1..cardinality(receiver_ids) loop
            if wanted[index] ? type_of_event or wanted[index] ? '*' and not is_opt_in_event then
                insert into delivery (workspace_id, event_id, webhook_id, next_attempt_at)
                values (workspace, (event ->> 'event_id')::uuid, receiver_ids[index], began);
            end if;
        end loop;
    end loop;
    for place in 1..coalesce(cardinality(changes), 0) loop
        change := changes[place];
        insert into audit (workspace_id, at, audit_id, request_id, credential_kind, credential_id, address, action, subject_id,
            before, after)
        values (workspace, (change ->> 'at')::timestamptz,
            uuid_at((change ->> 'at')::timestamptz, concat(change ->> 'action', change ->> 'subject_id',
                change -> 'context' ->> 'request_id', nullif(change -> 'before', 'null'), nullif(change -> 'after', 'null'))),
            (change -> 'context' ->> 'request_id')::uuid, change -> 'context' ->> 'credential_kind',
            (change -> 'context' ->> 'credential_id')::uuid, (change -> 'context' ->> 'address')::inet,
            change ->> 'action', (change ->> 'subject_id')::uuid, nullif(change -> 'before', 'null'),
            nullif(change -> 'after', 'null'));
    end loop;
end
$function$;

-- Deactivates phones, each as one request asks, and returns the state of those that exist: whether they were deactivated
-- before, and whether they are by this. One that another transaction has locked is passed over, unless this `waits`. The types
-- are those of the events of a phone, of a credential, twice, and of a client session.
create function deactivate_phones(
    workspace uuid, began timestamptz, contexts jsonb[], devices uuid[], owners uuid[], reasons text[], times timestamptz[],
    waits boolean, phone_type text, credential_types text[], session_type text
) returns table (place bigint, device uuid, was_deactivated boolean, is_deactivated boolean)
    language plpgsql
as $function$
declare
    known record;
    lost record;
    author jsonb;
    owner uuid;
    reason text;
    now timestamptz;
    sessions uuid[];
    changes jsonb[] := '{}';
    credential_changes jsonb[] := '{}';
    events jsonb[] := '{}';
    credential_events jsonb[] := '{}';
    session_events jsonb[] := '{}';
    type_of_event text;
begin
    for index in 1..cardinality(devices) loop
        -- As variables, since Citus 13.2 crashes on an element of an array in the set clause of an update.
        place := index;
        device := devices[index];
        owner := owners[index];
        reason := reasons[index];
        now := times[index];
        is_deactivated := false;
        if waits then
            select user_identity_id, custom_metadata, deactivated_at into known from phone
            where workspace_id = workspace and device_id = device
                and (owner is null or user_identity_id = owner)
            for no key update;
        else
            select user_identity_id, custom_metadata, deactivated_at into known from phone
            where workspace_id = workspace and device_id = device
                and (owner is null or user_identity_id = owner)
            for no key update skip locked;
        end if;
        if not found then
            -- Locked, or there is none.
            select deactivated_at is not null into was_deactivated from phone
            where workspace_id = workspace and device_id = device
                and (owner is null or user_identity_id = owner);
            if found then
                return next;
            end if;
            continue;
        end if;
        was_deactivated := known.deactivated_at is not null;
        is_deactivated := not was_deactivated;
        return next;
        continue when was_deactivated;
        author := jsonb_build_object('at', now, 'context', contexts[index]);
        update phone set deactivated_at = now, deactivation_reason = reason
        where workspace_id = workspace and device_id = device;
        changes := changes || (author || jsonb_build_object('action', 'phone.deactivated', 'subject_id', device,
            'before', jsonb_build_object('device_id', device, 'user_identity_id', known.user_identity_id),
            'after', jsonb_strip_nulls(jsonb_build_object('device_id', device, 'user_identity_id', known.user_identity_id,
                'deactivated_at', now, 'deactivation_reason', reason))));
        events := events || (author || jsonb_build_object('event_id', name_uuid(device, phone_type),
            'event_type', phone_type, 'user_identity_id', known.user_identity_id, 'details',
            jsonb_build_object('device_id', device, 'device_custom_metadata', known.custom_metadata)));
        for lost in
            delete from credential where workspace_id = workspace and device_id = device
            returning acs_credential_id, acs_system_id, redacted(as_document(credential)) as document
        loop
            credential_changes := credential_changes || (author || jsonb_build_object('action', 'credential.deleted',
                'subject_id', lost.acs_credential_id, 'before', lost.document));
            foreach type_of_event in array credential_types loop
                credential_events := credential_events || (author || jsonb_build_object(
                    'event_id', name_uuid(lost.acs_credential_id, type_of_event), 'event_type', type_of_event,
                    'user_identity_id', known.user_identity_id, 'details', jsonb_build_object(
                        'acs_credential_id', lost.acs_credential_id, 'acs_system_id', lost.acs_system_id)));
            end loop;
        end loop;
        select array_agg(client_session_id) into sessions from phone_client_session
        where workspace_id = workspace and device_id = device;
        if sessions is not null then
            for lost in
                delete from client_session where workspace_id = workspace and client_session_id = any (sessions)
                returning client_session_id, user_identity_id
            loop
                session_events := session_events || (author || jsonb_build_object(
                    'event_id', name_uuid(lost.client_session_id, session_type), 'event_type', session_type,
                    'user_identity_id', lost.user_identity_id, 'details',
                    jsonb_build_object('client_session_id', lost.client_session_id)));
            end loop;
        end if;
    end loop;
    perform record_changes(
        workspace, began, events || credential_events || session_events, changes || credential_changes);
end
$function$;

-- Registers phones, each as one request asks, and returns what became of each: `registered` with the phone, `barred`, `full`,
-- `signed_in`, `session_ended`, `suspended` or `no_person`. A request has no row if its user identity is suspended or locked by
-- another transaction, unless this `waits`, or if its known phone was deactivated meanwhile. Locks the user identity, the known phone, then the session. The
-- types are those of the events of a phone and of a credential.
create function register_phones(
    workspace uuid, began timestamptz, contexts jsonb[], persons uuid[], devices uuid[], installations text[], systems text[],
    versions text[], manufacturers text[], models text[], assa_abloy jsonb[], sessions uuid[], times timestamptz[],
    waits boolean, max_phones bigint, phone_type text, credential_type text
) returns table (place bigint, outcome text, device uuid)
    language plpgsql
as $function$
declare
    person uuid;
    new_device uuid;
    installation text;
    installation_text text;
    system text;
    version text;
    manufacturer text;
    model text;
    metadata jsonb;
    session uuid;
    now timestamptz;
    author jsonb;
    is_suspended boolean;
    is_known boolean;
    password_owner uuid;
    document jsonb;
    issued record;
    parent record;
    count_of_person bigint;
    count_of_installation bigint;
    changes jsonb[] := '{}';
    credential_changes jsonb[] := '{}';
    events jsonb[] := '{}';
    credential_events jsonb[] := '{}';
begin
    for index in 1..cardinality(persons) loop
        -- As variables, since Citus 13.2 crashes on elements of arrays in updates.
        place := index;
        device := null;
        person := persons[index];
        new_device := devices[index];
        installation_text := installations[index];
        installation := installation_key(installation_text);
        system := systems[index];
        version := versions[index];
        manufacturer := manufacturers[index];
        model := models[index];
        metadata := assa_abloy[index];
        session := sessions[index];
        now := times[index];
        author := jsonb_build_object('at', now, 'context', contexts[index]);
        if waits then
            select suspended_at is not null into is_suspended from user_identity
            where workspace_id = workspace and user_identity_id = person
            for no key update;
            if not found or is_suspended then
                outcome := case when found then 'suspended' else 'no_person' end;
                return next;
                continue;
            end if;
        else
            perform from user_identity
            where workspace_id = workspace and user_identity_id = person and suspended_at is null
            for no key update skip locked;
            continue when not found;
        end if;
        if session is not null then
            select password_of into password_owner from client_session
            where workspace_id = workspace and client_session_id = session;
            if password_owner is not null then
                outcome := 'signed_in';
                return next;
                continue;
            end if;
        end if;
        is_known := false;
        if installation is not null then
            select device_id into device from phone
            where workspace_id = workspace and user_identity_id = person
                and installation_key(custom_sdk_installation_id) = installation and custom_sdk_installation_id is not null
                and deactivated_at is null
            order by custom_sdk_installation_id = installation_text desc, created_at, device_id
            limit 1;
            is_known := found;
        end if;
        if is_known then
            outcome := 'registered';
            if session is null then
                return next;
                continue;
            end if;
            perform from phone_client_session
            where workspace_id = workspace and device_id = device and client_session_id = session;
            if found then
                return next;
                continue;
            end if;
            update phone set credentials_version = credentials_version + 1
            where workspace_id = workspace and device_id = device and deactivated_at is null;
            continue when not found;
        else
            if installation is not null then
                perform from phone
                where workspace_id = workspace and installation_key(custom_sdk_installation_id) = installation
                    and custom_sdk_installation_id is not null and deactivated_at is not null and readmitted_at is null
                limit 1;
                if found then
                    outcome := 'barred';
                    return next;
                    continue;
                end if;
                select count(*) into count_of_installation from (
                    select from phone
                    where workspace_id = workspace and installation_key(custom_sdk_installation_id) = installation
                        and custom_sdk_installation_id is not null and deactivated_at is null
                    limit max_phones
                ) as of_installation;
            end if;
            select count(*) into count_of_person from (
                select from phone
                where workspace_id = workspace and user_identity_id = person and deactivated_at is null
                limit max_phones
            ) as of_person;
            if max_phones in (count_of_person, coalesce(count_of_installation, 0)) then
                outcome := 'full';
                return next;
                continue;
            end if;
        end if;
        if session is not null then
            perform from client_session where workspace_id = workspace and client_session_id = session for key share;
            if not found then
                outcome := 'session_ended';
                device := null;
                return next;
                continue;
            end if;
        end if;
        outcome := 'registered';
        if not is_known then
            device := new_device;
            insert into phone as phone (workspace_id, created_at, user_identity_id, device_id, custom_sdk_installation_id,
                operating_system, os_version, device_manufacturer, device_model, assa_abloy_metadata)
            values (workspace, now, person, new_device, installation_text, system, version, manufacturer, model, metadata)
            returning redacted(as_document(phone)) into document;
            changes := changes || (author || jsonb_build_object('action', 'phone.registered', 'subject_id', device,
                'after', document));
            events := events || (author || jsonb_build_object('event_id', name_uuid(device, phone_type),
                'event_type', phone_type, 'user_identity_id', person, 'details',
                jsonb_build_object('device_id', device, 'device_custom_metadata', '{}'::jsonb)));
        end if;
        if session is not null then
            insert into phone_client_session (workspace_id, device_id, client_session_id) values (workspace, device, session);
        end if;
        return next;
        continue when is_known;
        for parent in
            select acs_credential_id, acs_system_id, access_method, allowed_acs_entrance_ids, starts_at, ends_at
            from credential
            where workspace_id = workspace and user_identity_id = person and is_multi_phone_sync_credential
        loop
            insert into credential as credential (workspace_id, acs_credential_id, parent_acs_credential_id,
                user_identity_id, device_id, acs_system_id, access_method, is_multi_phone_sync_credential,
                allowed_acs_entrance_ids, starts_at, ends_at, issued_at, created_at)
            values (workspace, name_uuid(parent.acs_credential_id, device::text), parent.acs_credential_id, person, device,
                parent.acs_system_id, parent.access_method, false, parent.allowed_acs_entrance_ids, parent.starts_at,
                parent.ends_at, now, now)
            returning acs_credential_id, acs_system_id, as_document(credential) as document into issued;
            credential_changes := credential_changes || (author || jsonb_build_object('action', 'credential.created',
                'subject_id', issued.acs_credential_id, 'after', redacted(issued.document)));
            credential_events := credential_events || (author || jsonb_build_object(
                'event_id', name_uuid(issued.acs_credential_id, credential_type), 'event_type', credential_type,
                'user_identity_id', person, 'details', jsonb_build_object(
                    'acs_credential_id', issued.acs_credential_id, 'acs_system_id', issued.acs_system_id)));
        end loop;
        for issued in
            update credential set device_id = new_device, issued_at = now
            where workspace_id = workspace and user_identity_id = person and device_id is null
                and access_method = 'mobile_key' and not is_multi_phone_sync_credential
            returning acs_credential_id, acs_system_id, as_document(credential) as document
        loop
            document := redacted(issued.document);
            credential_changes := credential_changes || (author || jsonb_build_object('action', 'credential.issued',
                'subject_id', issued.acs_credential_id,
                'before', changed(document - 'device_id' - 'issued_at', document),
                'after', changed(document, document - 'device_id' - 'issued_at')));
            credential_events := credential_events || (author || jsonb_build_object(
                'event_id', name_uuid(issued.acs_credential_id, credential_type), 'event_type', credential_type,
                'user_identity_id', person, 'details', jsonb_build_object(
                    'acs_credential_id', issued.acs_credential_id, 'acs_system_id', issued.acs_system_id)));
        end loop;
    end loop;
    perform record_changes(workspace, began, events || credential_events, changes || credential_changes);
end
$function$;

-- After the last step, tells Citus which functions to run on the node of the workspace: those that change rows and whose first
-- parameter is called so.
alter function finish_distribution() rename to finish_tables;
create function finish_distribution() returns void
    language plpgsql
    as $$
declare
    subject text;
begin
    perform finish_tables();
    for subject in
        select pg_proc.oid::regprocedure::text from pg_proc
        join pg_dist_object as known on known.classid = 'pg_proc'::regclass and known.objid = pg_proc.oid
        where pronamespace = (select relnamespace from pg_class where oid = 'deployment'::regclass)
            and provolatile = 'v' and proargnames[1] = 'workspace' and known.distribution_argument_index is null
        order by pg_proc.oid
    loop
        perform create_distributed_function(subject::regprocedure, 'workspace', colocate_with => 'phone');
    end loop;
end
$$;
