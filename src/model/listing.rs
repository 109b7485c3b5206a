//! A list as it is asked for: which entries, in which order, and which part of them by offset. What the fields are is each
//! list's own matter.

/// What a list is asked for, over fields of the kind `F`.
#[derive(Debug, Clone)]
pub struct Listing<F> {
    /// All of them hold for each entry.
    pub conditions: Vec<Condition<F>>,
    /// Never empty; what comes first counts first.
    pub order: Vec<Order<F>>,
    pub limit: i64,
    pub offset: i64,
}

impl<F: Copy> Listing<F> {
    /// The same over fields of another kind.
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

/// What must be true of a field.
#[derive(Debug, Clone)]
pub struct Condition<F> {
    pub field: F,
    /// The test must fail. It does where there is nothing to be tested, too.
    pub is_negated: bool,
    pub test: Test,
}

/// A test of a field's value. Texts are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// There is nothing, or an empty text, or zero.
    Empty,
    /// It is one of these.
    Among(Vec<Operand>),
    Compared(Relation, Operand),
    /// Both bounds belong to it.
    Between(Operand, Operand),
    Matches(Part, String),
}

/// An order between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// Where in a text another one is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Start,
    End,
    Anywhere,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    Number(i64),
    Text(String),
}

/// A field by which a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<F> {
    pub field: F,
    pub is_ascending: bool,
}

/// The part of a list that was asked for, and how many entries there are in all.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    pub items: Vec<T>,
    pub total: i64,
}
