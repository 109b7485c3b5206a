//! Lists that clients filter, sort and page: the only place that builds a statement at run time. Its text is made of
//! literals in the source; every client value is a parameter. It selects only the numbers of the entries; statements
//! that are checked at compile time read the rows.

use crate::domain::listing::{Condition, Listing, Operand, Order, Part, Relation, Test};
use crate::error::Result;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgArguments, PgHasArrayType, Postgres};
use sqlx::{Arguments, Encode, PgConnection, QueryBuilder, Type};
use uuid::Uuid;

/// Source of a selection.
pub(in crate::store) struct Source {
    /// SQL from `from` on, with conditions that bind `$1` to the workspace and further parameters to the other keys.
    pub from: &'static str,
    /// Column of the numbers that identify entries.
    pub id: &'static str,
    pub keys: Vec<Option<Uuid>>,
}

/// Column of a field.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Column {
    /// An integer, or null.
    Number(&'static str),
    /// A time in integer seconds; clients send Unix seconds.
    Seconds(&'static str),
    /// Folded text, in any of several columns.
    Text(&'static [&'static str]),
    /// Folded text in another table: SQL up to the parenthesis that its condition follows, and columns.
    TextOf(&'static str, &'static [&'static str]),
}

/// A field that a list can be filtered and sorted by.
pub(in crate::store) trait Field: Copy {
    fn column(self) -> Column;
}

/// The numbers of the entries on a page, in order, and the total number of entries.
#[derive(Debug)]
pub(in crate::store) struct Selected {
    pub ids: Vec<i64>,
    pub total: i64,
}

/// Selects a page. `known` is the number of entries without conditions, which saves counting them.
pub(in crate::store) async fn select<F: Field>(
    connection: &mut PgConnection,
    source: &Source,
    listing: &Listing<F>,
    known: Option<i64>,
) -> Result<Selected> {
    let total = match known.filter(|_| listing.conditions.is_empty()) {
        Some(total) => total,
        None => {
            let mut count = Statement::of("count(*)", source);
            restrict(&mut count, &listing.conditions);
            count.0.build_query_scalar().persistent(false).fetch_one(&mut *connection).await?
        }
    };
    let behind = total.saturating_sub(listing.offset).saturating_sub(listing.limit).max(0);
    let size = listing.limit.min(total.saturating_sub(listing.offset));
    if size <= 0 {
        return Ok(Selected { ids: Vec::new(), total });
    }
    // A page nearer to the end is read from there.
    let is_reversed = behind < listing.offset;
    let mut page = Statement::of(source.id, source);
    restrict(&mut page, &listing.conditions);
    sort(&mut page, &listing.order, source.id, is_reversed);
    page.text(" limit ").value(size);
    page.text(" offset ").value(if is_reversed { behind } else { listing.offset });
    let mut ids: Vec<i64> = page.0.build_query_scalar().persistent(false).fetch_all(connection).await?;
    if is_reversed {
        ids.reverse();
    }
    Ok(Selected { ids, total })
}

/// Rows in the order of the selected numbers.
pub(in crate::store) fn in_order<T>(mut rows: Vec<T>, ids: &[i64], id: impl Fn(&T) -> i64) -> Vec<T> {
    let place = |row: &T| ids.iter().position(|other| *other == id(row));
    rows.sort_by_cached_key(place);
    rows
}

/// A statement under construction.
struct Statement(QueryBuilder<Postgres>);

impl Statement {
    /// Starts to select `what` from a source.
    fn of(what: &'static str, source: &Source) -> Statement {
        let mut arguments = PgArguments::default();
        for key in &source.keys {
            arguments.add(*key).expect("a UUID always encodes");
        }
        let mut statement = Statement(QueryBuilder::with_arguments("select ", arguments));
        statement.text(what).text(" ").text(source.from);
        statement
    }

    /// Appends a literal.
    fn text(&mut self, text: &'static str) -> &mut Statement {
        self.0.push(text);
        self
    }

    /// Appends a parameter.
    fn value<T>(&mut self, value: T) -> &mut Statement
    where
        T: for<'q> Encode<'q, Postgres> + Type<Postgres>,
    {
        self.0.push_bind(value);
        self
    }
}

fn restrict<F: Field>(statement: &mut Statement, conditions: &[Condition<F>]) {
    let mut is_joined = false;
    for condition in conditions {
        let mut end = if condition.is_negated { ") is not true" } else { ")" };
        statement.text(" and (");
        match condition.field.column() {
            Column::TextOf(open, columns) => {
                statement.text(open).text("(");
                // `Empty` means that there is no row to test.
                match &condition.test {
                    Test::Empty => _ = statement.text("true"),
                    test => any_of(statement, columns, test),
                }
                statement.text("))");
                // Postgres turns a bare condition into a join. For one that is fast, but there are more ways to join
                // many than it can search.
                end = match (condition.is_negated != (condition.test == Test::Empty), is_joined) {
                    (true, _) => ") is not true",
                    (false, true) => ") is true",
                    (false, false) => ")",
                };
                is_joined |= end == ")";
            }
            Column::Text(columns) => any_of(statement, columns, &condition.test),
            Column::Number(column) => number(statement, column, &condition.test),
            Column::Seconds(column) => seconds(statement, column, &condition.test),
        }
        statement.text(end);
    }
}

fn sort<F: Field>(statement: &mut Statement, order: &[Order<F>], id: &'static str, is_reversed: bool) {
    let direction = |is_ascending: bool| if is_ascending != is_reversed { " asc" } else { " desc" };
    statement.text(" order by ");
    for Order { field, is_ascending } in order {
        let column = match field.column() {
            Column::Number(column) | Column::Seconds(column) => Some(column),
            Column::Text(columns) => columns.first().copied(),
            // Lists have no order.
            Column::TextOf(..) => None,
        };
        if let Some(column) = column {
            statement.text(column).text(direction(*is_ascending)).text(", ");
        }
    }
    // The number makes the order total.
    statement.text(id).text(direction(order.last().is_none_or(|order| order.is_ascending)));
}

/// Any of these folded columns passes the test.
fn any_of(statement: &mut Statement, columns: &[&'static str], test: &Test) {
    for (index, column) in columns.iter().enumerate() {
        statement.text(if index > 0 { " or " } else { "" });
        text(statement, column, test);
    }
}

fn text(statement: &mut Statement, column: &'static str, test: &Test) {
    let folded = |statement: &mut Statement, operand: &Operand| {
        statement.text("folded(").value(as_text(operand)).text(")");
    };
    match test {
        Test::Empty => _ = statement.text(column).text(" = ''"),
        Test::Among(operands) => {
            if let [operand] = operands.as_slice() {
                statement.text(column).text(" = ");
                folded(statement, operand);
            } else {
                let texts: Vec<String> = operands.iter().map(as_text).collect();
                statement.text(column).text(" = any (array(select folded(sought) from unnest(").value(texts);
                statement.text("::text[]) as sought))");
            }
        }
        Test::Compared(relation, operand) => {
            statement.text(column).text(operator(*relation));
            folded(statement, operand);
        }
        Test::Between(low, high) => {
            statement.text(column).text(" between ");
            folded(statement, low);
            statement.text(" and ");
            folded(statement, high);
        }
        Test::Matches(part, sought) => matches(statement, ["", column, ""], *part, sought),
    }
}

fn as_text(operand: &Operand) -> String {
    match operand {
        Operand::Text(text) => text.clone(),
        Operand::Number(number) => number.to_string(),
    }
}

/// A text test by functions, in which no character is special.
fn matches(statement: &mut Statement, column: [&'static str; 3], part: Part, sought: &str) {
    let (open, close) = match part {
        Part::Start => ("starts_with(", ", folded("),
        Part::End => ("right(", ", length(folded("),
        Part::Anywhere => ("strpos(", ", folded("),
    };
    statement.text(open);
    for piece in column {
        statement.text(piece);
    }
    statement.text(close).value(sought.to_owned());
    match part {
        Part::Start => _ = statement.text("))"),
        Part::End => _ = statement.text("))) = folded(").value(sought.to_owned()).text(")"),
        Part::Anywhere => _ = statement.text(")) > 0"),
    }
}

fn number(statement: &mut Statement, column: &'static str, test: &Test) {
    match test {
        Test::Empty => _ = statement.text("coalesce(").text(column).text(", 0) = 0"),
        Test::Matches(part, sought) => matches(statement, ["", column, "::text"], *part, sought),
        test => compared(statement, column, test, integer),
    }
}

fn seconds(statement: &mut Statement, column: &'static str, test: &Test) {
    match test {
        Test::Empty => _ = statement.text(column).text(" is null"),
        Test::Matches(part, sought) => {
            matches(statement, ["extract(epoch from ", column, ")::bigint::text"], *part, sought);
        }
        test => compared(statement, column, test, time),
    }
}

/// A test that compares a column with values of its type.
fn compared<T>(statement: &mut Statement, column: &'static str, test: &Test, value: fn(&Operand) -> T)
where
    T: for<'q> Encode<'q, Postgres> + Type<Postgres> + PgHasArrayType,
{
    match test {
        Test::Empty | Test::Matches(..) => {}
        Test::Among(operands) => {
            if let [operand] = operands.as_slice() {
                statement.text(column).text(" = ").value(value(operand));
            } else {
                let values: Vec<T> = operands.iter().map(value).collect();
                statement.text(column).text(" = any (").value(values).text(")");
            }
        }
        Test::Compared(relation, operand) => {
            statement.text(column).text(operator(*relation)).value(value(operand));
        }
        Test::Between(low, high) => {
            statement.text(column).text(" between ").value(value(low));
            statement.text(" and ").value(value(high));
        }
    }
}

fn operator(relation: Relation) -> &'static str {
    match relation {
        Relation::Less => " < ",
        Relation::AtMost => " <= ",
        Relation::Greater => " > ",
        Relation::AtLeast => " >= ",
    }
}

/// An integer; a text maps to a value that no row has.
fn integer(operand: &Operand) -> i64 {
    match operand {
        Operand::Number(number) => *number,
        Operand::Text(_) => i64::MIN,
    }
}

/// A time, clamped to the valid range.
fn time(operand: &Operand) -> DateTime<Utc> {
    const LAST: i64 = 253_402_300_799;
    DateTime::from_timestamp(integer(operand).clamp(0, LAST), 0).unwrap_or_default()
}
