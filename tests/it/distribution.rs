//! `handset migrate --distribute`: what it says where there is no Citus, and in which order it lays the tables out where
//! there is one. Citus itself is not at hand; what stands in for it takes down what it is asked for, and refuses what
//! Citus is known to refuse.

use crate::another_server::AnotherServer;
use crate::command::program::{Outcome, handset};
use crate::world::{SEAL_KEY, World};
use sqlx::{Executor, PgConnection, Row};

/// What Citus would do, as far as it matters: a table is refused before those that it refers to, and with a trigger.
const STAND_IN: &str = "
    create table citus_tables (table_name regclass primary key, is_distributed boolean, number serial);
    create function take(subject regclass, is_distributed boolean) returns void language plpgsql as $$
    begin
        if exists (select from pg_constraint where contype = 'f' and conrelid = subject and confrelid <> subject
            and not exists (select from citus_tables where table_name = confrelid::regclass)) then
            raise exception '% refers to a table that is still local', subject;
        end if;
        if exists (select from pg_trigger where tgrelid = subject and not tgisinternal) then
            raise exception '% has a trigger', subject;
        end if;
        insert into citus_tables values (subject, is_distributed);
    end $$;
    create function create_reference_table(subject regclass) returns void language sql
        return take(subject, false);
    create function create_distributed_table(subject regclass, by text, colocate_with text) returns void
        language plpgsql as $$
    begin
        if by <> 'workspace_id' then
            raise exception 'by %', by;
        end if;
        if (colocate_with = 'none') = exists (select from citus_tables where is_distributed) then
            raise exception '% lies with %', subject, colocate_with;
        end if;
        if colocate_with <> 'none'
            and not exists (select from citus_tables where table_name = colocate_with::regclass and is_distributed) then
            raise exception '% lies with %, which is not distributed', subject, colocate_with;
        end if;
        perform take(subject, true);
    end $$;
";

#[tokio::test]
async fn a_postgres_without_citus_is_told_what_is_missing() {
    let world = World::new().await;
    let mut command = handset(&["migrate", "--distribute"]);
    command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    let outcome = Outcome::of(command).await;
    assert!(outcome.complaint().contains("has no Citus"), "{outcome:?}");
    assert!(outcome.complaint().contains("create extension citus"), "{outcome:?}");
}

#[tokio::test]
async fn each_table_is_laid_out_after_those_that_it_refers_to_and_once() {
    let world = World::new().await;
    world.phone(&world.person("jane").await).await;
    let mut database = world.database().await;
    database.execute(STAND_IN).await.expect("it stands in");
    let names = distribute(&mut database).await;
    let unplaced: Vec<String> = sqlx::query_scalar(
        "select table_placement.table_name from table_placement
         left join citus_tables on citus_tables.table_name = table_placement.table_name::regclass
         where table_placement.is_distributed is distinct from citus_tables.is_distributed
             and table_placement.table_name <> 'citus_tables'",
    )
    .fetch_all(&mut database)
    .await
    .expect("the catalogue answers");
    assert!(unplaced.is_empty(), "{unplaced:?}");
    for table in ["phone", "event", "delivery", "claimed_number", "audit", "workspace"] {
        assert!(names.iter().any(|name| name == table), "{table} is missing: {names:?}");
    }
    // Another time there is nothing left to do, as after an upgrade that brought no table.
    assert!(distribute(&mut database).await.is_empty());
}

#[tokio::test]
async fn where_tables_may_lie_on_several_nodes_the_answers_are_the_same() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phones = [world.phone(&jane).await, world.phone(&jane).await];
    let mut database = world.database().await;
    let installed = "insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        select 99999, 'citus', oid, 'public'::regnamespace, false, '13' from pg_roles where rolname = current_user";
    database.execute(installed).await.expect("it looks installed");
    let other = AnotherServer::on(&world).await;
    for query in ["/phones/list", "/phones/list?limit=1", &format!("/phones/list?owner_user_identity_id={jane}")] {
        let (here, there) = (world.key().get(query).await.ok(), other.key(&world).get(query).await.ok());
        assert_eq!(here["phones"], there["phones"], "{query}");
        assert!(here["phones"].as_array().is_some_and(|phones| !phones.is_empty()), "{here}");
    }
    let query = format!("/phones/get?device_id={}", phones[0]);
    assert_eq!(world.key().get(&query).await.ok()["phone"], other.key(&world).get(&query).await.ok()["phone"]);
}

/// The tables that were laid out, but for the one that stands in for Citus's own book.
async fn distribute(database: &mut PgConnection) -> Vec<String> {
    let rows = sqlx::query("select distribute()").fetch_all(database).await.expect("it can be laid out");
    rows.into_iter().map(|row| row.get(0)).filter(|name: &String| name != "citus_tables").collect()
}
