//! What a browser sees of a page, as far as tests need it.

/// The addresses of the links, in order.
pub fn links(page: &str) -> Vec<String> {
    attributes(page, "href")
}

/// The first link whose address ends so.
#[track_caller]
pub fn link(page: &str, end: &str) -> String {
    links(page).into_iter().find(|link| link.ends_with(end)).unwrap_or_else(|| panic!("no link to {end}: {page}"))
}

/// The values of an attribute, in order.
pub fn attributes(page: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    page.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).map(unescaped).collect()
}

/// The text, without tags, with single spaces.
pub fn visible(page: &str) -> String {
    let mut text = String::new();
    for (index, piece) in page.split('<').enumerate() {
        let shown = if index == 0 { piece } else { piece.split_once('>').map_or("", |(_, shown)| shown) };
        text.push_str(shown);
        // Cells and items are apart.
        if ["/td", "/th", "/li", "/dt", "/dd", "/p", "/h"].iter().any(|end| piece.starts_with(end)) {
            text.push(' ');
        }
    }
    unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
