//! Loads the registry into the database, and restores it for operations that write.

use crate::contacts::PAGE;
use crate::environment::Database;
use crate::registry::{BASE, EVENTS, GUESTS, KEY, Kind, OF_FEW, OF_MANY, PHONES_OF_PERSON, Registry};

impl Registry {
    /// Fills an empty, migrated database.
    pub fn load(&self, database: &mut Database) {
        let based = |expression: &str| format!("({BASE} + {expression})");
        let id = |kind: Kind, expression: &str| kind.sql(&based(expression));
        let (per_workspace, last) = (self.phones_of_workspace(), self.workspaces - 1);
        let persons_of_workspace = per_workspace / PHONES_OF_PERSON;
        let time = |number: &str| self.sql_time(number);
        let (workspace, person) = (id(Kind::Workspace, "w"), id(Kind::Person, "p"));
        let of_person = id(Kind::Workspace, &format!("p / {persons_of_workspace}"));
        for statement in [
            // Foreign keys are valid by construction; without their checks, a million phones take a minute.
            "set session_replication_role = replica".to_owned(),
            format!(
                "insert into workspace (workspace_id, name, is_sandbox, publishable_key, created_at)
                select {workspace}, 'Load ' || w, true, 'seam_pk1load_' || w, {at} from generate_series(0, {last}) as w",
                at = time("w"),
            ),
            format!(
                "insert into api_key (token_hash, api_key_id, workspace_id, name, hint, created_at)
                select sha256(convert_to('{KEY}' || lpad(w::text, 24, '0'), 'UTF8')), {key}, {workspace}, 'load',
                    'seam_testload', {at}
                from generate_series(0, {last}) as w",
                key = id(Kind::Key, "w"),
                at = time("w"),
            ),
            format!(
                "insert into user_identity (workspace_id, user_identity_id, user_identity_key, email_address, full_name,
                    created_at)
                select {of_person}, {person}, 'person-' || p, 'person-' || p || '@example.com', 'Person ' || p, {at}
                from generate_series(0, {persons} - 1) as p",
                at = time("p"),
                persons = self.persons(),
            ),
            format!(
                "insert into user_identity (workspace_id, user_identity_id, full_name, created_at)
                select {of_guest}, {guest}, 'Guest ' || g, {at}
                from generate_series(0, {guests} - 1) as g",
                of_guest = id(Kind::Workspace, &format!("g / {GUESTS}")),
                guest = id(Kind::Guest, "g"),
                at = time("g"),
                guests = self.guests(),
            ),
            self.insert_contacts(OF_FEW),
            self.insert_contacts(OF_MANY),
            self.insert_phones(
                &id(Kind::Workspace, &format!("n / {per_workspace}")),
                &id(Kind::Phone, "n"),
                &id(Kind::Person, &format!("n / {PHONES_OF_PERSON}")),
                self.phones,
            ),
            format!(
                "insert into number_register (workspace_id, register_id, number, telephony_provider, status, assigned_at,
                    user_identity_id, created_at)
                select {of_person}, {register}, '+34' || (600000000 + p), 'netelip', 'assigned', {at}, {person}, {at}
                from generate_series(0, {persons} - 1) as p",
                register = id(Kind::Register, "p"),
                at = time("p"),
                persons = self.persons(),
            ),
            "insert into claimed_number (number, workspace_id, register_id)
            select number, workspace_id, register_id from number_register"
                .to_owned(),
            format!(
                "insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, details)
                select {workspace}, {event}, 'phone.deactivated', false, {at}, {at},
                    jsonb_build_object('device_id', {device}, 'device_custom_metadata', '{{}}'::jsonb)
                from generate_series(0, {last}) as w cross join generate_series(0, {EVENTS} - 1) as e",
                event = id(Kind::Event, &format!("w * {EVENTS} + e")),
                device = id(Kind::Nothing, "e"),
                at = time("e"),
            ),
            format!(
                "insert into event_clock (workspace_id, last_at)
                select {workspace}, {at} from generate_series(0, {last}) as w",
                at = time(&EVENTS.to_string()),
            ),
            "set session_replication_role = origin".to_owned(),
            "vacuum (freeze, analyze)".to_owned(),
            "checkpoint".to_owned(),
        ] {
            database.execute(&statement);
        }
    }

    /// Inserts phones to deactivate: spare `n` is a guest's of workspace `n` modulo their count.
    pub fn insert_spare_phones(&self, database: &mut Database, count: u64) {
        let workspaces = self.workspaces;
        let guest = format!("n % {workspaces} * {GUESTS} + n / {workspaces} % {GUESTS}");
        let spares = self.insert_phones(
            &Kind::Workspace.sql(&format!("({BASE} + n % {workspaces})")),
            &Kind::Spare.sql(&format!("({BASE} + n)")),
            &Kind::Guest.sql(&format!("({BASE} + {guest})")),
            count,
        );
        database.execute("set session_replication_role = replica");
        database.execute(&spares);
        database.execute("set session_replication_role = origin");
        database.execute("vacuum (analyze) phone");
    }

    /// SQL that inserts phones; the expressions are of a phone's number `n`.
    pub fn insert_phones(&self, workspace: &str, device: &str, person: &str, count: u64) -> String {
        let at = self.sql_time("n");
        format!(
            r#"insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version,
                device_manufacturer, device_model, assa_abloy_metadata, created_at)
            select {workspace}, {device}, {person}, 'android', '16', 'Google', 'Pixel 10',
                '{{"application_version": "1.0.0", "seos_applet_version": "1.0.0", "ble_capability": true,
                    "hce_capability": false, "nfc_capability": false, "seos_tsm_endpoint_id": 1.0}}', {at}
            from generate_series(0, {count} - 1) as n"#
        )
    }

    /// SQL that inserts a keeper with contacts, each with a number and an e-mail address.
    fn insert_contacts(&self, keeper: u64) -> String {
        let (count, first) = (self.contacts_of(keeper), self.first_contact(keeper));
        let workspace = Kind::Workspace.sql(&BASE.to_string());
        let person = Kind::Keeper.sql(&(BASE + keeper).to_string());
        let at = format!("date_trunc('second', {})", self.sql_time("c"));
        format!(
            "insert into user_identity (workspace_id, user_identity_id, full_name, contact_count, created_at)
            values ({workspace}, {person}, 'Keeper {keeper}', {count}, {start});
            insert into contact (workspace_id, user_identity_id, prefix, first_name, middle_name, last_name, suffix,
                nickname, company, phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title,
                emails, phone_numbers, addresses, created_at, updated_at)
            select {workspace}, {person}, '', 'Contact', '', (c / {PAGE})::text, '', '', 'Example', '', '', '', '', '',
                jsonb_build_array(jsonb_build_object('type', 'primary', 'email', 'contact-' || c || '@example.com')),
                jsonb_build_array(
                    jsonb_build_object('type', 'mobile', 'number', {number}, 'normalized', {number})),
                '[]', {at}, {at}
            from generate_series(0, {count} - 1) as c;
            insert into contact_number (workspace_id, contact_id, place, user_identity_id, normalized, entered)
            select {workspace}, {first} + c, 1, {person}, {number}, {number} from generate_series(0, {count} - 1) as c",
            start = self.sql_time("0"),
            number = "'+1212' || (2000000 + c)",
        )
    }

    /// Number of contacts beyond the loaded ones; checks that `contact_count` agrees.
    pub fn new_contacts(&self, database: &mut Database) -> u64 {
        let last = self.contacts.iter().sum::<u64>();
        let inserted = database.count(&format!("select count(*) from contact where contact_id > {last}"));
        let counted = database.count(&format!("select sum(contact_count)::bigint - {last} from user_identity"));
        assert_eq!(inserted, counted, "new contacts and their `contact_count`");
        inserted
    }

    /// Deletes the contacts that were not loaded.
    pub fn delete_new_contacts(&self, database: &mut Database) {
        let last = self.contacts.iter().sum::<u64>();
        for statement in [
            format!("delete from contact where contact_id > {last}"),
            format!("update user_identity set contact_count = 0 where {}", self.is_guests("user_identity_id")),
            "vacuum (analyze) contact, contact_number, user_identity".to_owned(),
        ] {
            database.execute(&statement);
        }
    }

    /// Number of guests' phones, active or deactivated.
    pub fn guests_phones(&self, database: &mut Database, is_active: bool) -> u64 {
        let state = if is_active { "deactivated_at is null" } else { "deactivated_at is not null" };
        database.count(&format!("select count(*) from phone where {state} and {}", self.is_guests("user_identity_id")))
    }

    /// Deletes what operations that write have left, so that each starts from the same registry.
    pub fn undo_writes(&self, database: &mut Database) {
        for statement in [
            "set session_replication_role = replica".to_owned(),
            format!("delete from phone where {}", self.is_guests("user_identity_id")),
            format!("delete from event where created_at > {}", self.sql_time(&EVENTS.to_string())),
            "set session_replication_role = origin".to_owned(),
            "vacuum (analyze) phone, event, event_clock".to_owned(),
        ] {
            database.execute(&statement);
        }
    }

    fn is_guests(&self, column: &str) -> String {
        let (first, end) = (BASE.to_string(), (BASE + self.guests()).to_string());
        format!("{column} >= {} and {column} < {}", Kind::Guest.sql(&first), Kind::Guest.sql(&end))
    }
}
