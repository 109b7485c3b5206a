-- The host of a webhook, with its port unless that is the scheme's own. The worker shares its attempts by it, and skips
-- the webhooks of a host that has enough of them, in the statement that looks for due deliveries. Generated, so that
-- servers of the previous version, which do not know it, write it too.
alter table webhook add column host text not null generated always as (
    lower(regexp_replace(
        coalesce(substring(url from '^[^:]*://(?:[^/?#\\]*@)?([^/?#\\]*)'), ''),
        ':(80|443)$', ''))
) stored;
