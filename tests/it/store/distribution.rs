//! `handset migrate --distribute`: its error without Citus, and the order in which it distributes tables with Citus. Citus
//! itself is not available; a stand-in records the calls, and refuses what Citus is known to refuse.

use crate::support::program::{Outcome, handset};
use crate::support::second_server::SecondServer;
use crate::support::world::{SEAL_KEY, World};
use sqlx::{Executor, PgConnection, Row};

/// What matters of Citus: it refuses a table before the tables that it references, and a table with a trigger.
const STAND_IN: &str = "
    create table pg_dist_partition (logicalrelid regclass primary key, partmethod text, repmodel text);
    create view citus_tables as
    select logicalrelid as table_name,
        case when partmethod = 'h' then 'distributed' when repmodel = 't' then 'reference' else 'local' end as citus_table_type
    from pg_dist_partition;
    create table pg_dist_object (classid regclass, objid oid, distribution_argument_index integer);
    create function take(subject regclass, is_distributed boolean) returns void language plpgsql as $$
    begin
        if exists (select from pg_constraint where contype = 'f' and conrelid = subject and confrelid <> subject
            and not exists (
                select from citus_tables where table_name = confrelid::regclass and citus_table_type <> 'local')) then
            raise exception '% refers to a table that is still local', subject;
        end if;
        if exists (select from pg_trigger where tgrelid = subject and not tgisinternal) then
            raise exception '% has a trigger', subject;
        end if;
        insert into pg_dist_partition
        values (subject, case when is_distributed then 'h' else 'n' end, case when is_distributed then 's' else 't' end)
        on conflict (logicalrelid) do update set partmethod = excluded.partmethod, repmodel = excluded.repmodel;
    end $$;
    create function create_reference_table(subject regclass) returns void language sql
        return take(subject, false);
    create function create_distributed_table(subject regclass, by text, colocate_with text) returns void
        language plpgsql as $$
    begin
        if subject = 'claimed_number'::regclass and (by, colocate_with) = ('number', 'none') then
            perform take(subject, true);
            return;
        end if;
        if by <> 'workspace_id' then
            raise exception 'by %', by;
        end if;
        if (colocate_with = 'none') = exists (select from citus_tables
            where citus_table_type = 'distributed' and table_name <> 'claimed_number'::regclass) then
            raise exception '% lies with %', subject, colocate_with;
        end if;
        if colocate_with <> 'none'
            and not exists (select from citus_tables
                where table_name = colocate_with::regclass and citus_table_type = 'distributed') then
            raise exception '% lies with %, which is not distributed', subject, colocate_with;
        end if;
        perform take(subject, true);
    end $$;
    create function create_distributed_function(subject regprocedure) returns void language sql
        begin atomic insert into pg_dist_object values ('pg_proc'::regclass, subject); end;
    create function create_distributed_function(
        subject regprocedure, argument text, colocate_with text, force_delegation boolean) returns void language sql
        begin atomic update pg_dist_object set distribution_argument_index = 0 where objid = subject; end;
    create function truncate_local_data_after_distributing_table(subject regclass) returns void language sql
        begin atomic end;
";

/// The tables of the stand-in.
const OF_STAND_IN: [&str; 2] = ["pg_dist_partition", "pg_dist_object"];

#[tokio::test]
async fn distribute_without_citus_reports_what_is_missing() {
    let world = World::new().await;
    let mut command = handset(&["migrate", "--distribute"]);
    command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    let outcome = Outcome::of(command).await;
    assert!(outcome.error_message().contains("has no Citus"), "{outcome:?}");
    assert!(outcome.error_message().contains("create extension citus"), "{outcome:?}");
}

#[tokio::test]
async fn distribute_places_each_table_once_after_the_tables_that_it_references() {
    let world = World::new().await;
    world.phone(&world.person("jane").await).await;
    let mut database = world.database().await;
    database.execute(STAND_IN).await.expect("the stand-in is created");
    // As Citus lists what it keeps an eye on.
    database.execute("insert into pg_dist_partition values ('phone', 'n', 's')").await.expect("a row");
    let names = distribute(&mut database).await;
    let unplaced: Vec<String> = sqlx::query_scalar(
        "select table_placement.table_name from table_placement
         left join citus_tables on citus_tables.table_name = table_placement.table_name::regclass
         where (case when distribution_column is null then 'reference' else 'distributed' end)
                 is distinct from citus_table_type
             and table_placement.table_name not in ('pg_dist_partition', 'pg_dist_object')",
    )
    .fetch_all(&mut database)
    .await
    .expect("the query succeeds");
    assert!(unplaced.is_empty(), "{unplaced:?}");
    for table in ["phone", "event", "delivery", "claimed_number", "audit", "workspace"] {
        assert!(names.iter().any(|name| name == table), "{table} is missing: {names:?}");
    }
    // A second run has nothing to do, as after an upgrade without new tables; one with a new table lays out that one.
    assert!(distribute(&mut database).await.is_empty());
    let new = "create table badge (workspace_id uuid references workspace, badge_id uuid, primary key (workspace_id, badge_id));
        create function badge_name(badge_id uuid) returns text language sql return badge_id::text;";
    database.execute(new).await.expect("a later migration");
    assert_eq!(distribute(&mut database).await, ["badge"]);
    let local: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc where pronamespace = 'public'::regnamespace and prorettype <> 'trigger'::regtype
         and oid not in (select objid from pg_dist_object) and proname not in ('take', 'create_reference_table',
             'create_distributed_table', 'create_distributed_function', 'truncate_local_data_after_distributing_table')",
    )
    .fetch_all(&mut database)
    .await
    .expect("the query succeeds");
    assert!(local.is_empty(), "functions that the nodes do not have: {local:?}");
}

#[tokio::test]
async fn lists_and_gets_are_the_same_where_tables_may_be_on_several_nodes() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phones = [world.phone(&jane).await, world.phone(&jane).await];
    let mut database = world.database().await;
    let installed = "insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        select 99999, 'citus', oid, 'public'::regnamespace, false, '13' from pg_roles where rolname = current_user";
    database.execute(installed).await.expect("it looks installed");
    let other = SecondServer::start(&world).await;
    for query in ["/phones/list", "/phones/list?limit=1", &format!("/phones/list?owner_user_identity_id={jane}")] {
        let (here, there) = (world.key().get(query).await.ok(), other.key(&world).get(query).await.ok());
        assert_eq!(here["phones"], there["phones"], "{query}");
        assert!(here["phones"].as_array().is_some_and(|phones| !phones.is_empty()), "{here}");
    }
    let query = format!("/phones/get?device_id={}", phones[0]);
    assert_eq!(world.key().get(&query).await.ok()["phone"], other.key(&world).get(&query).await.ok()["phone"]);
}

/// Distributes the tables; returns their names, without the stand-in's own.
async fn distribute(database: &mut PgConnection) -> Vec<String> {
    let rows = sqlx::query("select distribute()").fetch_all(database).await.expect("distribute succeeds");
    rows.into_iter().map(|row| row.get(0)).filter(|name: &String| !OF_STAND_IN.contains(&name.as_str())).collect()
}
