-- A client session is given connected accounts and connect webviews in any number of steps, so no rule of one request bounds
-- how many it has. Rows that have more already are not checked, and can still be revoked.
alter table client_session add constraint client_session_ids_few check (
    revoked_at is not null or cardinality(connected_account_ids) <= 1000 and cardinality(connect_webview_ids) <= 1000
) not valid;
