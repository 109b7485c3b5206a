//! From what a provider says of a user to a role.

use super::SsoUser;
use crate::domain::operator::Role;
use std::str::FromStr;

/// A role for the users of a group, or for those whose verified e-mail address is of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleRule {
    Group(String, Role),
    Domain(String, Role),
}

impl FromStr for RoleRule {
    type Err = String;

    fn from_str(text: &str) -> Result<RoleRule, String> {
        let says = "write group:NAME=ROLE or domain:example.com=ROLE, where ROLE is viewer, operator or admin";
        let (subject, role) = text.rsplit_once('=').ok_or(says)?;
        let role = role.trim().parse().map_err(|_| says)?;
        match subject.trim().split_once(':') {
            Some(("group", name)) if !name.is_empty() => Ok(RoleRule::Group(name.to_owned(), role)),
            Some(("domain", name)) if !name.is_empty() => Ok(RoleRule::Domain(name.to_ascii_lowercase(), role)),
            _ => Err(says.to_owned()),
        }
    }
}

/// The strongest role that the rules give a user.
pub fn role_of(rules: &[RoleRule], user: &SsoUser) -> Option<Role> {
    let domain = user.email.as_deref().filter(|_| user.is_email_verified).and_then(|email| email.rsplit_once('@'));
    let domain = domain.map(|(_, domain)| domain.to_ascii_lowercase());
    let role = |rule: &RoleRule| match rule {
        RoleRule::Group(group, role) => user.groups.contains(group).then_some(*role),
        RoleRule::Domain(name, role) => (domain.as_ref() == Some(name)).then_some(*role),
    };
    rules.iter().filter_map(role).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(email: &str, is_email_verified: bool, groups: &[&str]) -> SsoUser {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        SsoUser { subject: "x".to_owned(), email: Some(email.to_owned()), is_email_verified, groups }
    }

    #[test]
    fn the_strongest_rule_counts_and_a_domain_only_if_the_address_is_verified() {
        let rules = ["group:phone admins=admin", "group:desk=operator", "domain:Example.com=viewer"];
        let rules: Vec<RoleRule> = rules.iter().map(|rule| rule.parse().expect("a rule")).collect();
        assert_eq!(role_of(&rules, &user("jane@EXAMPLE.com", true, &[])), Some(Role::Viewer));
        assert_eq!(role_of(&rules, &user("jane@example.com", false, &[])), None);
        assert_eq!(role_of(&rules, &user("jane@evil-example.com", true, &["Desk"])), None);
        assert_eq!(role_of(&rules, &user("jane@example.com", true, &["desk", "phone admins"])), Some(Role::Admin));
    }

    #[test]
    fn a_rule_names_a_group_or_a_domain_and_a_role() {
        assert_eq!("group:a=b=admin".parse(), Ok(RoleRule::Group("a=b".to_owned(), Role::Admin)));
        for wrong in ["", "admin", "desk=operator", "group:=admin", "group:desk=root", "host:x=admin"] {
            assert!(wrong.parse::<RoleRule>().is_err(), "{wrong}");
        }
    }
}
