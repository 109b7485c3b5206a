//! Points sqlx at the committed query data, so that building needs no database, and rebuilds when a migration is added
//! (`sqlx::migrate!` sees only the files that existed when it was expanded).

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=src/build.rs");
    println!("cargo:rerun-if-env-changed=SQLX_OFFLINE");
    println!("cargo:rerun-if-env-changed=SQLX_OFFLINE_DIR");
    // `.ci/queries` has the macros write into another folder.
    let queries = std::env::var("SQLX_OFFLINE_DIR").unwrap_or_else(|_| "src/store/queries".to_owned());
    println!("cargo:rustc-env=SQLX_OFFLINE_DIR={queries}");
    // A DATABASE_URL in the environment is meant for the service, not for the compiler: only an explicit
    // SQLX_OFFLINE=false lets the macros ask a database.
    if std::env::var("SQLX_OFFLINE").as_deref() != Ok("false") {
        println!("cargo:rustc-env=SQLX_OFFLINE=true");
    }
}
