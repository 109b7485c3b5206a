//! A resource before serialization: links, properties and embedded resources. One value serializes to JSON and XML (UCWA
//! reference, "Payload format").

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::{Map, Value, json};
use std::io;

/// Namespace of every XML response.
pub const NAMESPACE: &str = "http://schemas.microsoft.com/rtc/2012/03/ucwa";

/// One resource. Its `self` link is always present.
#[derive(Debug, Clone)]
pub struct Resource {
    rel: &'static str,
    href: String,
    links: Vec<(&'static str, String)>,
    properties: Vec<(&'static str, Property)>,
    embedded: Vec<(&'static str, Embedded)>,
    /// Whether `rel` is a property; real discovery documents omit it.
    is_named: bool,
}

#[derive(Debug, Clone)]
enum Property {
    Text(String),
    Flag(bool),
    List(Vec<String>),
}

#[derive(Debug, Clone)]
enum Embedded {
    One(Resource),
    /// A `rel` that allows several is always a list.
    Many(Vec<Resource>),
}

impl Resource {
    /// Creates a resource with its `rel` and `href`.
    pub fn new(rel: &'static str, href: String) -> Resource {
        Resource { rel, href, links: Vec::new(), properties: Vec::new(), embedded: Vec::new(), is_named: true }
    }

    /// Omits `rel` from the properties.
    pub fn nameless(self) -> Resource {
        Resource { is_named: false, ..self }
    }

    pub fn href(&self) -> &str {
        &self.href
    }

    /// Adds a link, which permits an operation.
    pub fn link(mut self, rel: &'static str, href: String) -> Resource {
        self.links.push((rel, href));
        self
    }

    pub fn text(mut self, name: &'static str, value: impl Into<String>) -> Resource {
        self.properties.push((name, Property::Text(value.into())));
        self
    }

    /// Adds a text property if there is a value.
    pub fn text_if(self, name: &'static str, value: Option<&str>) -> Resource {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub fn flag(mut self, name: &'static str, value: bool) -> Resource {
        self.properties.push((name, Property::Flag(value)));
        self
    }

    pub fn list(mut self, name: &'static str, values: Vec<String>) -> Resource {
        self.properties.push((name, Property::List(values)));
        self
    }

    /// Embeds a resource under its own `rel`.
    pub fn one(mut self, inner: Resource) -> Resource {
        self.embedded.push((inner.rel, Embedded::One(inner)));
        self
    }

    /// Embeds a list of resources under `rel`.
    pub fn many(mut self, rel: &'static str, inner: Vec<Resource>) -> Resource {
        self.embedded.push((rel, Embedded::Many(inner)));
        self
    }

    /// Serializes to JSON.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        let own = [("self", &self.href)].into_iter().chain(self.links.iter().map(|(rel, href)| (*rel, href)));
        let links: Map<String, Value> = own.map(|(rel, href)| (rel.to_owned(), json!({ "href": href }))).collect();
        object.insert("_links".to_owned(), links.into());
        if !self.embedded.is_empty() {
            let embedded: Map<String, Value> = self
                .embedded
                .iter()
                .map(|(rel, embedded)| {
                    let value = match embedded {
                        Embedded::One(resource) => resource.json(),
                        Embedded::Many(resources) => resources.iter().map(Resource::json).collect(),
                    };
                    ((*rel).to_owned(), value)
                })
                .collect();
            object.insert("_embedded".to_owned(), embedded.into());
        }
        if self.is_named {
            object.insert("rel".to_owned(), self.rel.into());
        }
        for (name, property) in &self.properties {
            let value = match property {
                Property::Text(text) => text.as_str().into(),
                Property::Flag(flag) => (*flag).into(),
                Property::List(values) => values.clone().into(),
            };
            object.insert((*name).to_owned(), value);
        }
        object.into()
    }

    /// Serializes to an XML document.
    pub fn xml(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::with_capacity(1024));
        declare(&mut writer).and_then(|()| self.write(&mut writer, true)).expect("writing to memory does not fail");
        writer.into_inner()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, is_root: bool) -> io::Result<()> {
        let mut element = writer
            .create_element("resource")
            .with_attribute(("rel", self.rel))
            .with_attribute(("href", self.href.as_str()));
        if is_root {
            element = element.with_attribute(("xmlns", NAMESPACE));
        }
        element.write_inner_content(|writer| {
            for (rel, href) in &self.links {
                let link = writer.create_element("link");
                link.with_attribute(("rel", *rel)).with_attribute(("href", href.as_str())).write_empty()?;
            }
            if self.is_named {
                property(writer, "rel", self.rel)?;
            }
            for (name, value) in &self.properties {
                match value {
                    Property::Text(text) => property(writer, name, text)?,
                    // .NET's spelling, as in Microsoft's reference.
                    Property::Flag(flag) => property(writer, name, if *flag { "True" } else { "False" })?,
                    Property::List(values) => list(writer, name, values)?,
                }
            }
            for (_, embedded) in &self.embedded {
                match embedded {
                    Embedded::One(resource) => resource.write(writer, false)?,
                    Embedded::Many(resources) => {
                        resources.iter().try_for_each(|resource| resource.write(writer, false))?;
                    }
                }
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Writes the XML declaration.
pub fn declare(writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))
}

fn property(writer: &mut Writer<Vec<u8>>, name: &str, value: &str) -> io::Result<()> {
    let element = writer.create_element("property").with_attribute(("name", name));
    match value {
        "" => element.write_empty()?,
        value => element.write_text_content(BytesText::new(value))?,
    };
    Ok(())
}

fn list(writer: &mut Writer<Vec<u8>>, name: &str, values: &[String]) -> io::Result<()> {
    let element = writer.create_element("propertyList").with_attribute(("name", name));
    if values.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|writer| {
        for value in values {
            writer.create_element("item").write_text_content(BytesText::new(value))?;
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phones() -> Resource {
        let phone = Resource::new("phone", "/me/phones/home".to_owned())
            .link("changeNumber", "/me/phones/home/changeNumber?a=1&b=2".to_owned())
            .flag("includeInContactCard", true)
            .text("number", "")
            .text("etag", "<1>");
        Resource::new("phones", "/me/phones".to_owned()).many("phone", vec![phone]).list("x", vec!["a".to_owned()])
    }

    #[test]
    fn resource_serializes_to_xml() {
        let expected = concat!(
            r#"<?xml version="1.0" encoding="utf-8"?><resource rel="phones" href="/me/phones" "#,
            r#"xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><property name="rel">phones</property>"#,
            r#"<propertyList name="x"><item>a</item></propertyList><resource rel="phone" href="/me/phones/home">"#,
            r#"<link rel="changeNumber" href="/me/phones/home/changeNumber?a=1&amp;b=2"/>"#,
            r#"<property name="rel">phone</property><property name="includeInContactCard">True</property>"#,
            r#"<property name="number"/><property name="etag">&lt;1&gt;</property></resource></resource>"#,
        );
        assert_eq!(String::from_utf8(phones().xml()).expect("UTF-8"), expected);
    }

    #[test]
    fn resource_serializes_to_json() {
        let phone = json!({
            "_links": {
                "self": { "href": "/me/phones/home" },
                "changeNumber": { "href": "/me/phones/home/changeNumber?a=1&b=2" },
            },
            "rel": "phone", "includeInContactCard": true, "number": "", "etag": "<1>",
        });
        let expected = json!({
            "_links": { "self": { "href": "/me/phones" } }, "_embedded": { "phone": [phone] }, "rel": "phones", "x": ["a"],
        });
        assert_eq!(phones().json(), expected);
    }
}
