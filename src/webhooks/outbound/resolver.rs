//! DNS resolver of the HTTP client: the system's result without refused addresses. The client connects to these
//! addresses and does not resolve again, so a name cannot be checked as one host and connected to as another.

use super::address::{Refusal, Rules};
use super::lookups::Lookups;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Resolves names within the rules.
pub struct Resolver {
    pub rules: Arc<Rules>,
    pub lookups: Lookups,
}

/// Error of a name lookup.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unreachable {
    /// The system's lookup failed; its message follows.
    #[error("the name {0} cannot be resolved: {1}")]
    Unknown(String, String),
    /// All addresses are refused; the first is given.
    #[error("{0} leads to {1}")]
    Refused(String, Refusal),
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, lookups) = (Arc::clone(&self.rules), self.lookups.clone());
        Box::pin(async move {
            let name = name.as_str();
            let found = lookups
                .addresses(name)
                .await
                .map_err(|fault| Unreachable::Unknown(name.to_owned(), fault.to_string()))?;
            let permitted = permitted(&rules, name, found.into_iter())?;
            // The client puts the URL's port in place of 0.
            Ok(Box::new(permitted.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The allowed addresses of a name.
fn permitted(rules: &Rules, name: &str, found: impl Iterator<Item = IpAddr>) -> Result<Vec<IpAddr>, Unreachable> {
    let (mut permitted, mut refused) = (Vec::new(), None);
    for address in found {
        match rules.refusal(address) {
            None => permitted.push(address),
            Some(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    match refused {
        Some(refusal) if permitted.is_empty() => Err(Unreachable::Refused(name.to_owned(), refusal)),
        None if permitted.is_empty() => Err(Unreachable::Unknown(name.to_owned(), "it has no address".to_owned())),
        _ => Ok(permitted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn of_several_addresses_only_the_permitted_ones_are_used() {
        let rules = Rules { allowed: Vec::new(), loopback: false };
        let found = addresses(&["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"]);
        let kept = permitted(&rules, "mixed.example", found.into_iter());
        assert_eq!(kept, Ok(addresses(&["1.1.1.1", "2606:4700::1111"])));
    }

    #[test]
    fn when_no_address_is_left_the_fault_names_the_refused_one_and_the_setting() {
        let rules = Rules { allowed: Vec::new(), loopback: false };
        let fault = permitted(&rules, "inside.example", addresses(&["10.0.0.1", "::1"]).into_iter());
        let words = fault.expect_err("both are refused").to_string();
        assert!(words.contains("inside.example leads to 10.0.0.1"), "{words}");
        assert!(words.contains("HANDSET_WEBHOOK_ALLOW"), "{words}");
    }

    #[test]
    fn a_name_without_addresses_is_a_fault() {
        let rules = Rules { allowed: Vec::new(), loopback: false };
        assert!(matches!(permitted(&rules, "empty.example", std::iter::empty()), Err(Unreachable::Unknown(..))));
    }
}
