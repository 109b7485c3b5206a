//! Points sqlx at the committed query data, so that builds need no database, and rebuilds when a migration is added
//! (`sqlx::migrate!` reads only the files that exist at its expansion). Names the commit of a release build.

use std::process::Command;

fn main() {
    name_commit();
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=src/build.rs");
    println!("cargo:rerun-if-env-changed=SQLX_OFFLINE");
    println!("cargo:rerun-if-env-changed=SQLX_OFFLINE_DIR");
    // `.ci/queries` makes the macros write to another directory.
    let queries = std::env::var("SQLX_OFFLINE_DIR").unwrap_or_else(|_| "src/store/queries".to_owned());
    println!("cargo:rustc-env=SQLX_OFFLINE_DIR={queries}");
    // A DATABASE_URL in the environment is for the service, not for the compiler: the macros connect to a database only
    // with an explicit SQLX_OFFLINE=false.
    if std::env::var("SQLX_OFFLINE").as_deref() != Ok("false") {
        println!("cargo:rustc-env=SQLX_OFFLINE=true");
    }
}

/// Passes the commit to the status page. A development build does not have it: it would be built again after each commit.
fn name_commit() {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    // The log of the head changes with each commit and checkout.
    if let (Some(log), Some(commit)) =
        (git(&["rev-parse", "--git-path", "logs/HEAD"]), git(&["rev-parse", "--short=12", "HEAD"]))
    {
        println!("cargo:rerun-if-changed={log}");
        println!("cargo:rustc-env=HANDSET_COMMIT={commit}");
    }
}
