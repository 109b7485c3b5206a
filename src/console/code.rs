//! Lines to copy: what a page shows or does, as a command or in the languages of the SDKs. Values that are not plain are quoted
//! for the language that they stand in; secrets are never part of it, but the name of a variable that has one.

use super::context::PageContext;
use super::elements::snippet;
use maud::{Markup, html};
use serde_json::{Value, json};

/// Paths that Seam does not have, so that its SDKs have no methods for them.
const OWN: [&str; 2] = ["/webhooks/list_deliveries", "/webhooks/redeliver"];

/// A text as one word of a shell's command line.
pub fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A call of Seam's API: a command, and the same with its two SDKs.
pub fn seam(context: &PageContext, path: &str, arguments: &Value) -> Markup {
    html! {
        (snippet("curl", &curl(context, path, arguments)))
        (snippet("JavaScript (npm install seam)", &javascript(context, path, arguments)))
        (snippet("Python (pip install seam)", &python(context, path, arguments)))
    }
}

/// A command that calls a path with a JSON body, which is empty for a GET.
pub fn curl(context: &PageContext, path: &str, arguments: &Value) -> String {
    let mut lines = format!("curl -H \"Authorization: Bearer $HANDSET_API_KEY\" {}", url(context, path));
    if *arguments != json!({}) {
        lines += &format!(" \\\n  -H 'Content-Type: application/json' -d {}", shell_word(&arguments.to_string()));
    }
    lines
}

/// The address of a path as one word of a shell's command line. The base URL is safe within quotes.
pub fn url(context: &PageContext, path: &str) -> String {
    shell_word(&format!("{}{path}", context.base_url()))
}

fn javascript(context: &PageContext, path: &str, arguments: &Value) -> String {
    let given = if *arguments == json!({}) { String::new() } else { arguments.to_string() };
    let call = match OWN.contains(&path) {
        true => format!("(await seam.client.post('{path}', {arguments})).data"),
        false => format!("await seam{}({given})", method(path, camel)),
    };
    format!(
        "import {{ Seam }} from 'seam'\n\
         const seam = new Seam({{ apiKey: process.env.HANDSET_API_KEY, endpoint: {} }})\n\
         console.log({call})",
        json!(context.base_url()),
    )
}

fn python(context: &PageContext, path: &str, arguments: &Value) -> String {
    let given = arguments.as_object().into_iter().flatten();
    let given: Vec<String> = given.map(|(name, value)| format!("{name}={}", python_value(value))).collect();
    let call = match OWN.contains(&path) {
        true => format!("seam.client.post(\"{path}\", json={})", python_value(arguments)),
        false => format!("seam{}({})", method(path, str::to_owned), given.join(", ")),
    };
    format!(
        "import os\nfrom seam import Seam\n\
         seam = Seam(api_key=os.environ[\"HANDSET_API_KEY\"], endpoint={})\n\
         print({call})",
        json!(context.base_url()),
    )
}

/// JSON's texts, numbers and lists are Python's.
fn python_value(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        value => value.to_string(),
    }
}

/// The method of an SDK for a path: `/client_sessions/list` is `.client_sessions.list`.
fn method(path: &str, name: fn(&str) -> String) -> String {
    path.split('/').filter(|part| !part.is_empty()).map(|part| format!(".{}", name(part))).collect()
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &capital.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_shell_ends_at_its_own_quote_only() {
        assert_eq!(shell_word("it's $(x) `y`"), r"'it'\''s $(x) `y`'");
    }

    #[test]
    fn paths_are_methods_of_the_sdks() {
        assert_eq!(method("/client_sessions/list", camel), ".clientSessions.list");
        assert_eq!(method("/client_sessions/list", str::to_owned), ".client_sessions.list");
    }
}
