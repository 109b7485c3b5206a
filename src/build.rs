//! Points sqlx at the committed query data, so that builds need no database, and rebuilds when a migration is added
//! (`sqlx::migrate!` reads only the files that exist at its expansion). Names the commit of a release build, and takes the
//! files of the API page from the crate that has them.

use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{CompressionMethod, ZipArchive};

/// The files of Swagger UI that the page uses, by the end of their paths.
const FILES: [&str; 2] = ["/dist/swagger-ui-bundle.js", "/dist/swagger-ui.css"];

/// Writes the files as gzip. The archive has them compressed in the same way, so only the frame is changed.
fn write_page_files() {
    let out_dir = std::env::var_os("OUT_DIR").expect("cargo sets it for build scripts");
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).expect("the crate has a zip archive");
    for index in 0..archive.len() {
        let mut file = archive.by_index_raw(index).expect("the archive has an entry of each index");
        let path = String::from_utf8_lossy(file.name_raw()).into_owned();
        let Some(wanted) = FILES.into_iter().find(|wanted| path.ends_with(wanted) && !path.contains("/flavors/"))
        else {
            continue;
        };
        assert!(file.compression() == CompressionMethod::DEFLATE, "the archive has it in the format of gzip");
        // Header: magic bytes, deflate, no flags, no time, slowest compression, unknown system (RFC 1952).
        let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
        file.read_to_end(&mut gzip).expect("the archive is in memory");
        gzip.extend(file.crc32().to_le_bytes());
        gzip.extend(u32::try_from(file.size()).expect("a script has less than 4 GiB").to_le_bytes());
        let name = wanted.rsplit('/').next().unwrap_or(wanted);
        std::fs::write(Path::new(&out_dir).join(format!("{name}.gz")), gzip).expect("cargo has made the directory");
    }
}

fn main() {
    name_commit();
    write_page_files();
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
