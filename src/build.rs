//! Points sqlx at the committed query data, so that builds need no database, and rebuilds when a migration is added
//! (`sqlx::migrate!` reads only the files that exist at its expansion). Names the commit of a build, and takes the files of
//! the API page from the crate that has them.

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
    name_build();
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

/// Passes the commit and its date to `src/build_info.rs`. HANDSET_COMMIT and SOURCE_DATE_EPOCH name them where there is no
/// repository. Otherwise only a release build asks git: a development build would be built again after each commit.
fn name_build() {
    println!("cargo:rerun-if-env-changed=HANDSET_COMMIT");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let is_release = std::env::var("PROFILE").as_deref() == Ok("release");
    let given = variable("HANDSET_COMMIT");
    let (in_repository, at) = if is_release { repository().unzip() } else { (None, None) };
    let is_known = given.is_some() || in_repository.is_some();
    let at = variable("SOURCE_DATE_EPOCH").or(at).filter(|_| is_known);
    let commit = given.or(in_repository).map(|commit| commit.chars().take(12).collect::<String>()).unwrap_or_default();
    let date = at.map(|at| date(at.parse().expect("a Unix time in seconds"))).unwrap_or_default();
    let origin = match (commit.is_empty(), date.is_empty()) {
        (true, _) if is_release => "unknown commit".to_owned(),
        (true, _) => "development build".to_owned(),
        (false, true) => commit.clone(),
        (false, false) => format!("{commit} {date}"),
    };
    println!("cargo:rustc-env=HANDSET_BUILD_COMMIT={commit}");
    println!("cargo:rustc-env=HANDSET_BUILD_DATE={date}");
    println!("cargo:rustc-env=HANDSET_BUILD_ORIGIN={origin}");
}

/// The commit that is checked out, and its time. None in a directory without a repository of its own: one around it is of
/// something else.
fn repository() -> Option<(String, String)> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    // The log of the head changes with each commit and checkout.
    println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    Some((git(&["rev-parse", "HEAD"])?, git(&["show", "--no-patch", "--format=%ct", "HEAD"])?))
}

/// The date in UTC of a Unix time.
fn date(seconds: i64) -> String {
    // From days since 1970 to those since 0000-03-01: the leap day is the last one of a year then.
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
