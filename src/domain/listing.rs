//! List queries: filter, sort order, limit and offset. Each list defines its own fields.

/// A list query over fields of type `F`.
#[derive(Debug, Clone)]
pub struct Listing<F> {
    /// Combined with AND.
    pub conditions: Vec<Condition<F>>,
    /// Never empty; most significant first.
    pub order: Vec<Order<F>>,
    pub limit: i64,
    pub offset: i64,
}

impl<F: Copy> Listing<F> {
    /// Maps the fields to another type.
    pub fn over<G>(&self, field: impl Fn(F) -> G) -> Listing<G> {
        let condition =
            |it: &Condition<F>| Condition { field: field(it.field), is_negated: it.is_negated, test: it.test.clone() };
        let order = |it: &Order<F>| Order { field: field(it.field), is_ascending: it.is_ascending };
        Listing {
            conditions: self.conditions.iter().map(condition).collect(),
            order: self.order.iter().map(order).collect(),
            limit: self.limit,
            offset: self.offset,
        }
    }
}

/// A condition on a field.
#[derive(Debug, Clone)]
pub struct Condition<F> {
    pub field: F,
    /// The test must fail. It also fails for a missing value.
    pub is_negated: bool,
    pub test: Test,
}

/// A test of a field's value. Texts compare case-insensitively.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Null, an empty text or zero.
    Empty,
    /// One of these.
    Among(Vec<Operand>),
    Compared(Relation, Operand),
    /// Bounds are inclusive.
    Between(Operand, Operand),
    Matches(Part, String),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// The part of a text to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Start,
    End,
    Anywhere,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    Number(i64),
    Text(String),
}

/// A sort key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<F> {
    pub field: F,
    pub is_ascending: bool,
}

/// The requested part of a list, and the total number of entries.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    pub items: Vec<T>,
    pub total: i64,
}
