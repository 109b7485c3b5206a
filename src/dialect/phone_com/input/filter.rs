//! Filter values: an operator and its operands (grammar of the vendor's server library).

use crate::domain::e164::{Dialled, Region};
use crate::domain::listing::{Operand, Part, Relation, Test};

/// Type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number,
    Text,
    /// Text of a phone number, which has many spellings.
    Phone,
}

/// Operator without operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Empty,
    Equal,
    Compared(Relation),
    Matches(Part),
    Sounds,
    Between,
    Among,
}

/// Operators by name, and whether the name negates them.
const OPERATORS: [(&str, bool, Operator); 20] = [
    ("empty", false, Operator::Empty),
    ("not-empty", true, Operator::Empty),
    ("eq", false, Operator::Equal),
    ("ne", true, Operator::Equal),
    ("lt", false, Operator::Compared(Relation::Less)),
    ("gt", false, Operator::Compared(Relation::Greater)),
    ("lte", false, Operator::Compared(Relation::AtMost)),
    ("gte", false, Operator::Compared(Relation::AtLeast)),
    ("starts-with", false, Operator::Matches(Part::Start)),
    ("ends-with", false, Operator::Matches(Part::End)),
    ("contains", false, Operator::Matches(Part::Anywhere)),
    ("not-starts-with", true, Operator::Matches(Part::Start)),
    ("not-ends-with", true, Operator::Matches(Part::End)),
    ("not-contains", true, Operator::Matches(Part::Anywhere)),
    ("sounds", false, Operator::Sounds),
    ("not-sounds", true, Operator::Sounds),
    ("between", false, Operator::Between),
    ("not-between", true, Operator::Between),
    ("in", false, Operator::Among),
    ("not-in", true, Operator::Among),
];

/// Parses a filter: whether it is negated, and its test; or the error message.
pub fn read(text: &str, kind: Kind) -> Result<(bool, Test), String> {
    let known = |name: &str| OPERATORS.iter().find(|(known, ..)| *known == name);
    let (name, is_negated, operator, values) = match text.split_once(':') {
        Some((name, rest)) if known(name).is_some() => {
            known(name).map(|(name, is_negated, operator)| (*name, *is_negated, *operator, Some(rest)))
        }
        Some(_) => None,
        // Without a colon, only an operator without operands is one.
        None => known(text)
            .filter(|(.., operator)| *operator == Operator::Empty)
            .map(|(name, is_negated, operator)| (*name, *is_negated, *operator, None)),
    }
    .unwrap_or(("eq", false, Operator::Equal, Some(text)));
    let values = values.filter(|rest| operator != Operator::Empty || !rest.is_empty()).map(split).unwrap_or_default();
    test(name, operator, values, kind).map(|test| (is_negated, test))
}

fn test(name: &str, operator: Operator, values: Vec<String>, kind: Kind) -> Result<Test, String> {
    let operand = |value: &String| match kind {
        Kind::Text | Kind::Phone => Ok(Operand::Text(value.clone())),
        Kind::Number => whole(value).map(Operand::Number).ok_or_else(|| format!("{value:?} is no whole number")),
    };
    if values.iter().any(|value| value.contains('\0')) {
        return Err("It must not contain the null character".to_owned());
    }
    let wrong = |count: &str| {
        let given = values.len();
        Err(format!("{name} takes {count}, parted by commas (a comma in a value is written \\,); here are {given}"))
    };
    match (operator, values.as_slice()) {
        (Operator::Empty, []) => Ok(Test::Empty),
        (Operator::Empty, _) => wrong("no value"),
        (Operator::Equal, [value]) => among(std::slice::from_ref(value), kind, operand),
        (Operator::Compared(relation), [value]) => Ok(Test::Compared(relation, operand(value)?)),
        (Operator::Matches(part), [value]) => Ok(Test::Matches(part, value.clone())),
        (Operator::Sounds, _) => Err(format!("{name} is not served; try contains or starts-with")),
        (Operator::Equal | Operator::Compared(_) | Operator::Matches(_), _) => wrong("one value"),
        (Operator::Between, [least, most]) => Ok(Test::Between(operand(least)?, operand(most)?)),
        (Operator::Between, _) => wrong("two values"),
        (Operator::Among, values) => among(values, kind, operand),
    }
}

/// One of these values. A phone number also matches in normalized form.
fn among(values: &[String], kind: Kind, operand: impl Fn(&String) -> Result<Operand, String>) -> Result<Test, String> {
    let mut operands = values.iter().map(operand).collect::<Result<Vec<Operand>, String>>()?;
    if kind == Kind::Phone {
        let numbers = values.iter().filter_map(|value| Dialled::parse(value, Region::US).ok());
        let numbers = numbers.map(|dialled| Operand::Text(dialled.number.as_str().to_owned()));
        let new: Vec<Operand> = numbers.filter(|number| !operands.contains(number)).collect();
        operands.extend(new);
    }
    Ok(Test::Among(operands))
}

/// Splits values at commas; a comma after a backslash belongs to its value.
fn split(text: &str) -> Vec<String> {
    let (mut values, mut value) = (Vec::new(), String::new());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.next_if_eq(&',').is_some() => value.push(','),
            ',' => values.push(std::mem::take(&mut value)),
            letter => value.push(letter),
        }
    }
    values.push(value);
    values
}

/// Parses an integer; saturates at ±`i64::MAX`.
pub fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let magnitude = is_number.then(|| digits.parse().unwrap_or(i64::MAX))?;
    Some(if is_negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_operators_with_operands_require_a_colon() {
        let is = |text: &str| read(text, Kind::Text).expect(text);
        let equal = |text: &str| Test::Among(vec![Operand::Text(text.to_owned())]);
        assert_eq!(is("in"), (false, equal("in")));
        assert_eq!(is("Smith\\, John"), (false, equal("Smith, John")));
        assert_eq!(is("a:b"), (false, equal("a:b")));
        assert_eq!(is("eq:a:b"), (false, equal("a:b")));
        assert_eq!(is("ne:"), (true, equal("")));
        assert_eq!(is("empty"), (false, Test::Empty));
        assert_eq!(is("not-empty:"), (true, Test::Empty));
        assert_eq!(is("a\\b"), (false, equal("a\\b")));
    }

    #[test]
    fn filter_operators_check_the_number_and_type_of_operands() {
        for wrong in ["Smith, John", "gt:1,2", "between:1", "between:1,2,3", "empty:1", "sounds:x", "contains:a,b"] {
            assert!(read(wrong, Kind::Text).is_err(), "{wrong}");
        }
        for wrong in ["abc", "gt:x", "in:1,x", "between:1,", "eq:"] {
            assert!(read(wrong, Kind::Number).is_err(), "{wrong}");
        }
        assert_eq!(
            read("gt:99999999999999999999", Kind::Number).map(|it| it.1),
            Ok(Test::Compared(Relation::Greater, Operand::Number(i64::MAX)))
        );
    }
}
