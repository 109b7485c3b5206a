//! Fields of forms. A form that is refused is shown again with what was typed, and each message stands beside its field.

use super::context::PageContext;
use maud::{Markup, html};

/// Messages of refused fields, by the names of the fields.
#[derive(Debug, Default)]
pub struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// Adds a message.
    pub fn add(&mut self, name: &'static str, message: impl Into<String>) {
        self.0.push((name, message.into()));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The message of a field.
    pub fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, message)| message.as_str())
    }

    /// What is said above a refused form, with links to the fields.
    pub fn summary(&self) -> Markup {
        html! {
            @if !self.is_empty() {
                div.alert role="alert" {
                    p { "Nothing was changed. Please correct:" }
                    ul { @for (name, message) in &self.0 { li { a href={ "#" (name) } { (message) } } } }
                }
            }
        }
    }
}

/// A labelled field of one line.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    pub name: &'static str,
    pub label: &'a str,
    /// A sentence below the label; none if it is empty.
    pub hint: &'a str,
    /// The type of the input element.
    pub kind: &'static str,
    pub max_length: usize,
    pub is_required: bool,
}

impl<'a> Field<'a> {
    /// A field for text.
    pub fn text(name: &'static str, label: &'a str, max_length: usize) -> Field<'a> {
        Field { name, label, hint: "", kind: "text", max_length, is_required: false }
    }

    pub fn kind(self, kind: &'static str) -> Field<'a> {
        Field { kind, ..self }
    }

    pub fn hint(self, hint: &'a str) -> Field<'a> {
        Field { hint, ..self }
    }

    pub fn required(self) -> Field<'a> {
        Field { is_required: true, ..self }
    }

    /// The field with a value, and its message if it was refused.
    pub fn show(self, value: &str, faults: &Faults) -> Markup {
        let fault = faults.of(self.name);
        let ids = [("hint", !self.hint.is_empty()), ("fault", fault.is_some())];
        let described: Vec<String> =
            ids.iter().filter(|(_, is_shown)| *is_shown).map(|(id, _)| format!("{}-{id}", self.name)).collect();
        html! {
            div.field {
                label for=(self.name) { (self.label) }
                @if !self.hint.is_empty() { p.quiet id={ (self.name) "-hint" } { (self.hint) } }
                @if let Some(fault) = fault { p.fault id={ (self.name) "-fault" } { (fault) } }
                input id=(self.name) name=(self.name) type=(self.kind) value=(value) maxlength=(self.max_length)
                    dir="auto" autocomplete="off" required[self.is_required] aria-invalid=[fault.map(|_| "true")]
                    aria-describedby=[(!described.is_empty()).then(|| described.join(" "))];
            }
        }
    }
}

/// What a form of this context had in a field; the default before it was sent.
pub fn typed<'a>(context: &'a PageContext, name: &str, default: &'a str) -> &'a str {
    context.form.get(name).unwrap_or(default)
}

/// Adds a message if a text is longer than the store takes.
pub fn check_length(faults: &mut Faults, name: &'static str, text: &str, max_length: usize) {
    let length = text.encode_utf16().count();
    if length > max_length {
        faults.add(name, format!("This has {length} characters; at most {max_length} are allowed"));
    }
}
