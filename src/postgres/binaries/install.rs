//! Advice on how to install a Postgres server on this system: package names by distribution.

use std::fs;

/// How to install major version `major` on this system, or the distribution's default version.
pub fn advice(major: Option<u32>) -> String {
    if cfg!(target_os = "macos") {
        return format!("run `brew install postgresql@{}`", major.unwrap_or(17));
    }
    advice_for(&fs::read_to_string("/etc/os-release").unwrap_or_default(), major)
}

/// How to install the client programs of major version `major` on this system.
pub fn client_advice(major: u32) -> String {
    if cfg!(target_os = "macos") {
        return format!("run `brew install postgresql@{major}`");
    }
    client_advice_for(&fs::read_to_string("/etc/os-release").unwrap_or_default(), major)
}

/// Like [`client_advice`], for the Linux distribution of this `os-release` file.
pub fn client_advice_for(os_release: &str, major: u32) -> String {
    // The packages of the server on some systems, and of the clients on others, have the longer name.
    advice_for(os_release, Some(major))
        .replace(&format!("postgresql-{major}`"), &format!("postgresql-client-{major}`"))
        .replace(&format!("postgresql{major}-server`"), &format!("postgresql{major}`"))
        .replace(&format!("apk add postgresql{major}`"), &format!("apk add postgresql{major}-client`"))
        .replace("the server of PostgreSQL", "the client programs of PostgreSQL")
}

/// Like [`advice`], for the Linux distribution of this `os-release` file.
pub fn advice_for(os_release: &str, major: Option<u32>) -> String {
    let family = |name: &str| {
        os_release
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
            .any(|value| value.trim_matches('"').split(' ').any(|word| word == name))
    };
    let version = major.map(|major| major.to_string()).unwrap_or_default();
    if family("debian") || family("ubuntu") {
        let dash = if major.is_some() { "-" } else { "" };
        format!("run `apt-get install postgresql{dash}{version}`")
    } else if family("fedora") || family("rhel") {
        format!("run `dnf install postgresql{version}-server`")
    } else if family("suse") {
        format!("run `zypper install postgresql{version}-server`")
    } else if family("alpine") {
        format!("run `apk add postgresql{version}`")
    } else if family("arch") {
        // Arch packages one version, and the previous one separately for upgrades.
        let package = if major.is_some() { "postgresql-old-upgrade" } else { "postgresql" };
        format!("run `pacman -S {package}`")
    } else {
        let version = major.map(|major| format!(" {major}")).unwrap_or_default();
        format!("install the server of PostgreSQL{version} with the package manager of this system")
    }
}
