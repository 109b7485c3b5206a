//! Rules in SQL that several statements follow: macros that put one between two literals of a statement.

/// Name of an extension. `extension_name!(query_as(Row, "select … ", " as name from …", arguments…))`; in place of
/// `query_as` another macro may stand that takes a row and literals. The column `extension_name_folded` has it folded.
macro_rules! extension_name {
    (@ $name:tt query_as, $row:ident, $before:tt, $after:tt $($rest:tt)*) => {
        sqlx::query_as!($row, $before + $name + $after $($rest)*)
    };
    (@ $name:tt $select:ident, $row:ident, $before:tt, $after:tt $($rest:tt)*) => {
        $select!($row, $before + $name + $after $($rest)*)
    };
    ($how:ident($($rest:tt)*)) => {
        extension_name!(
            @ "coalesce(nullif(full_name, ''), nullif(email_address, ''), nullif(phone_number, ''),
                nullif(user_identity_key, ''), 'User identity')"
            $how, $($rest)*
        )
    };
}

/// The number in the slot `requested.slot_type` of `requested.user_identity_id` that the workspace has assigned, at `requested.now`.
/// The limit, of what is unique, makes each plan look it up by the user identity, also one made for an almost empty table.
macro_rules! managed_number {
    (@ $number:tt query_as, $row:ident, $before:tt $(+ $more:tt)*, $after:tt $($rest:tt)*) => {
        sqlx::query_as!($row, $before $(+ $more)* + $number + $after $($rest)*)
    };
    (@ $number:tt audited, each, query_as, $row:ident, $before:tt, $after:tt $($rest:tt)*) => {
        audited!(each, query_as, $row, $before + $number + $after $($rest)*)
    };
    ($how:ident($($rest:tt)*)) => {
        managed_number!(
            @ "select number from number_register
            where workspace_id = $1 and user_identity_id = requested.user_identity_id and slot_type = 'work'
                and status = 'assigned' and (scheduled_release_at is null or scheduled_release_at > requested.now)
            limit 1"
            $how, $($rest)*
        )
    };
}

/// Inserts the hash of a new token of a workspace into its table, of which the name is also that of the token.
macro_rules! insert_token {
    ($table:tt, $store:expr, $id:expr, $token:expr, $workspace:expr, $name:expr, $now:expr) => {
        let hash = $token.hash();
        sqlx::query!(
            "insert into "
                + $table
                + " (token_hash, "
                + $table
                + "_id, workspace_id, name, hint, created_at)
            values ($1, $2, $3, $4, $5, $6)",
            hash.as_bytes(),
            $id.0,
            $workspace.workspace_id.0,
            $name,
            $token.hint(),
            $now,
        )
        .execute($store.writer())
        .await?;
    };
}

/// Revokes the token with an id or a secret, once, and returns its id; None if there is none.
macro_rules! revoke_token {
    ($table:tt, $store:expr, $id_or_token:expr, $now:expr) => {{
        let hash = TokenHash::of($id_or_token);
        sqlx::query_scalar!(
            "update "
                + $table
                + " set revoked_at = coalesce(revoked_at, $3)
            where "
                + $table
                + "_id = $1 or token_hash = $2
            returning "
                + $table
                + "_id",
            Uuid::parse_str($id_or_token).ok(),
            hash.as_bytes(),
            $now,
        )
        .fetch_optional($store.writer())
        .await?
    }};
}
