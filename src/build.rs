//! Points sqlx at the committed query data, so that builds need no database, and rebuilds when a migration is added
//! (`sqlx::migrate!` reads only the files that exist at its expansion).

fn main() {
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
