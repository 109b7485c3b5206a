//! Tells sqlx where the committed descriptions of our queries are, so that building needs no database, and rebuilds
//! when a migration is added (`sqlx::migrate!` sees only the files that were there when it was expanded).

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=src/build.rs");
    println!("cargo:rerun-if-env-changed=SQLX_OFFLINE");
    println!("cargo:rustc-env=SQLX_OFFLINE_DIR=src/store/queries");
    // A DATABASE_URL in the environment is meant for the service, not for the compiler: only an explicit
    // SQLX_OFFLINE=false lets the macros ask a database (and write what they learn into the folder above).
    if std::env::var("SQLX_OFFLINE").as_deref() != Ok("false") {
        println!("cargo:rustc-env=SQLX_OFFLINE=true");
    }
}
