//! The text of a statement for `run_on_shard`.

use super::{Placement, Tables};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Words before the name of a table.
const BEFORE_TABLE: [&str; 5] = ["from", "into", "join", "update", "using"];

/// Quotes the text within a call.
const QUOTE: &str = "$statement$";

/// A statement whose tables are in braces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template {
    text: String,
    tables: BTreeSet<String>,
}

/// Whether a statement has common table expressions, or inserts what it selects.
pub(super) fn has_parts(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace();
    match words.next() {
        Some("with") => true,
        Some("insert") => words.any(|word| word == "select"),
        _ => false,
    }
}

impl Template {
    /// None if the statement changes rows outside of the shard, or names no table of it.
    pub fn of(sql: &str, tables: &Tables) -> Option<Template> {
        let (mut text, mut named) = (String::new(), BTreeSet::new());
        let words = words(sql);
        let word = |index: usize| words[index..].iter().find(|word| !word.trim().is_empty()).copied();
        let mut before = ["", ""];
        for (index, token) in words.iter().copied().enumerate() {
            if token.trim().is_empty() {
                text += token;
                continue;
            }
            match tables.get_key_value(token) {
                Some((table, placement)) if BEFORE_TABLE.contains(&before[1]) && before[0] != "distinct" => {
                    let is_changed = ["into", "update"].contains(&before[1]) || before == ["delete", "from"];
                    if *placement == Placement::Elsewhere || is_changed && *placement == Placement::Copied {
                        return None;
                    }
                    named.insert(table.clone());
                    _ = write!(text, "{{{table}}}");
                    // Columns are named after it.
                    if word(index + 1) != Some("as") {
                        _ = write!(text, " as {table}");
                    }
                }
                _ => text += token,
            }
            before = [before[1], token];
        }
        let is_of_shard = named.iter().any(|table| tables[table] == Placement::Workspace);
        is_of_shard.then_some(Template { text, tables: named })
    }

    /// The call with parameters and results of these types.
    pub fn call(&self, parameters: &[&str], columns: &[&str]) -> String {
        let mut statement = String::new();
        for token in words(&self.text) {
            match parameter(token) {
                Some(number) if number > 1 => {
                    _ = write!(statement, "($2[{}]::{})", number - 1, parameters[number - 1]);
                }
                _ => statement += token,
            }
        }
        // The number of rows is the number that were changed.
        let (returning, columns) = if columns.is_empty() { (" returning 1", &["int4"][..]) } else { ("", columns) };
        let arguments: Vec<String> = (2..=parameters.len()).map(|number| format!("${number}::text")).collect();
        let tables: Vec<&str> = self.tables.iter().map(String::as_str).collect();
        let columns: Vec<String> =
            columns.iter().enumerate().map(|(index, name)| format!("column_{index} {name}")).collect();
        format!(
            "select * from run_on_shard($1, {QUOTE}{statement}{returning}{QUOTE}, '{{{}}}', array[{}]::text[]) as result ({})",
            tables.join(","),
            arguments.join(", "),
            columns.join(", ")
        )
    }
}

/// The number of a parameter.
fn parameter(token: &str) -> Option<usize> {
    token.strip_prefix('$')?.parse().ok()
}

/// The parts of a text: words and parameters, quoted texts, runs of blanks, and single other characters.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_of_word = |character: char| character.is_alphanumeric() || character == '_';
        let end_of =
            |is_inside: &dyn Fn(char) -> bool| rest[1..].find(|character| !is_inside(character)).map(|at| at + 1);
        let end = match first {
            '\'' | '"' => rest[1..].find(first).map(|at| at + 2),
            '$' => end_of(&|character| character.is_ascii_digit()),
            _ if first.is_whitespace() => end_of(&char::is_whitespace),
            _ if is_of_word(first) => rest.find(|character| !is_of_word(character)),
            _ => Some(first.len_utf8()),
        };
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(word);
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Tables {
        [
            ("lamp", Placement::Workspace),
            ("note", Placement::Workspace),
            ("token_copy", Placement::Copied),
            ("claim", Placement::Elsewhere),
        ]
        .map(|(name, placement)| (name.to_owned(), placement))
        .into()
    }

    #[test]
    fn a_template_has_the_tables_in_braces_and_keeps_their_names() {
        let sql = "with held as (select lamp.id from lamp, 'from lamp' where $1 is distinct from lamp), \
                   gone as (delete from note as old using held join token_copy using (id)) update lamp set id = $2";
        let template = Template::of(sql, &tables()).expect("it changes tables of the workspace only");
        let expected = "with held as (select lamp.id from {lamp} as lamp, 'from lamp' where $1 is distinct from lamp), \
                        gone as (delete from {note} as old using held join {token_copy} as token_copy using (id)) \
                        update {lamp} as lamp set id = $2";
        assert_eq!(template.text, expected);
        assert_eq!(Vec::from_iter(&template.tables), ["lamp", "note", "token_copy"]);
    }

    #[test]
    fn statements_that_change_rows_outside_of_the_shard_have_no_template() {
        for sql in [
            "with gone as (delete from lamp) insert into token_copy (id) values (1)",
            "with gone as (delete from token_copy) select from lamp",
            "with gone as (delete from lamp) select from claim",
            "with key as (select 1 from token_copy) select from key",
        ] {
            assert_eq!(Template::of(sql, &tables()), None, "{sql}");
        }
    }

    #[test]
    fn a_call_passes_all_parameters_but_the_workspace_as_text() {
        let sql = "with old as (select 1 from lamp where w = $1 and x = '$2') select $2, $3::int8 from old";
        let call =
            Template::of(sql, &tables()).expect("a template").call(&["UUID", "TEXT[]", "INT8"], &["TEXT[]", "INT8"]);
        let expected = "select * from run_on_shard($1, $statement$with old as (select 1 from {lamp} as lamp where w = $1 \
            and x = '$2') select ($2[1]::TEXT[]), ($2[2]::INT8)::int8 from old$statement$, '{lamp}', \
            array[$2::text, $3::text]::text[]) as result (column_0 TEXT[], column_1 INT8)";
        assert_eq!(call, expected);
    }

    #[test]
    fn a_call_without_columns_counts_the_changed_rows() {
        let sql = "with old as (select 1) delete from lamp where w = $1";
        let call = Template::of(sql, &tables()).expect("a template").call(&["UUID"], &[]);
        assert!(call.contains("where w = $1 returning 1$statement$"), "{call}");
        assert!(call.ends_with("array[]::text[]) as result (column_0 int4)"), "{call}");
    }

    #[test]
    fn statements_with_parts_have_common_table_expressions_or_insert_what_they_select() {
        for (expected, sql) in [
            (true, "\n    with old as (select 1) select from old"),
            (true, "insert into lamp (id) select 1"),
            (false, "insert into lamp (id) values (1)"),
            (false, "select 1"),
            (false, "update lamp set id = 1"),
            (false, "without"),
        ] {
            assert_eq!(has_parts(sql), expected, "{sql}");
        }
    }
}
