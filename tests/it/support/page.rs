//! Parts of the console's pages.

use super::client::Response;

/// The value of an input element by its name.
#[track_caller]
pub fn field(page: &Response, name: &str) -> String {
    find_field(page, name).unwrap_or_else(|| panic!("no field {name}: {page:?}"))
}

fn find_field(page: &Response, name: &str) -> Option<String> {
    let tag =
        page.text.split('<').find(|tag| tag.starts_with("input ") && tag.contains(&format!(" name=\"{name}\"")))?;
    Some(unescaped(tag.split_once(" value=\"")?.1.split('"').next()?))
}

/// The secret that a page shows once.
#[track_caller]
pub fn secret(page: &Response) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    let (_, rest) = page.text.split_once("class=\"secret\"").unwrap_or_else(|| panic!("no secret: {page:?}"));
    let (_, rest) = rest.split_once('>').expect("a tag ends");
    rest.split('<').next().unwrap_or_default().to_owned()
}

/// The addresses that a page links to, below a path.
pub fn links(page: &Response, path: &str) -> Vec<String> {
    let links = page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(unescaped);
    links.filter(|link| link.starts_with(path)).collect()
}

/// Checks that a form was refused with this message, which belongs to the field.
#[track_caller]
pub fn refused(page: &Response, name: &str, message: &str) {
    assert_eq!(page.status, 422, "{page:?}");
    let fault = format!("id=\"{name}-fault\"");
    let (_, rest) = page.text.split_once(&fault).unwrap_or_else(|| panic!("no message of {name}: {page:?}"));
    let (_, rest) = rest.split_once('>').expect("a tag ends");
    assert!(rest.starts_with(message), "{rest}");
    let described = page.text.split("aria-describedby=\"").skip(1).filter_map(|rest| rest.split('"').next());
    assert!(
        described.flat_map(|ids| ids.split(' ')).any(|id| id == format!("{name}-fault")),
        "nothing is described by the message: {page:?}"
    );
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
