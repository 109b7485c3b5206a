//! Creates the cluster, once per data directory. It is created under a temporary name and renamed when complete, so an
//! existing cluster is never incomplete.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::Durability;
use super::binaries::Binaries;
use super::child::Child;
use super::error::StartError;
use super::home::{Home, Lock};
use super::leftovers;
use super::owner::Owner;

/// Creates the cluster of `home`.
pub(super) async fn create(
    home: &Home,
    lock: &Lock,
    owner: &Owner,
    binaries: &Binaries,
    durability: Durability,
) -> Result<(), StartError> {
    let scaffold = home.scaffold();
    if scaffold.exists() {
        // An earlier run was interrupted; its processes may still be writing.
        leftovers::end(lock, &scaffold).await?;
        remove(&scaffold)?;
    }
    DirBuilder::new()
        .mode(0o700)
        .create(&scaffold)
        .and_then(|()| owner.give(&scaffold))
        .map_err(StartError::io("create", &scaffold))?;
    if let Err(fault) = build(home, lock, owner, binaries, durability).await {
        // The first error is reported; the remains would only fill the disk.
        let _ = remove(&scaffold);
        return Err(fault);
    }
    fs::rename(&scaffold, home.cluster())
        .and_then(|()| File::open(home.root())?.sync_all())
        .map_err(StartError::io("put the new database in place as", &home.cluster()))
}

async fn build(
    home: &Home,
    lock: &Lock,
    owner: &Owner,
    binaries: &Binaries,
    durability: Durability,
) -> Result<(), StartError> {
    let (scaffold, program) = (home.scaffold(), binaries.initdb());
    let mut command = owner.command(&program, &scaffold);
    // Trust authentication is safe because the only socket is in a directory that other users cannot enter.
    command.args(["--auth=trust", "-U", "handset", "--locale=C", "-E", "UTF8"]);
    command.args(["--data-checksums", "--no-instructions", "-D"]).arg(&scaffold);
    if durability == Durability::Disposable {
        command.arg("--no-sync");
    }
    let initdb = Child::spawn(command, lock).map_err(StartError::io("run", &program))?;
    let status = initdb.exited().await;
    if status.success() {
        return Ok(());
    }
    let said = initdb.last_words().await;
    Err(StartError::failed("initdb", status, home.root().to_owned(), said))
}

fn remove(scaffold: &Path) -> Result<(), StartError> {
    match fs::remove_dir_all(scaffold) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
    .map_err(StartError::io("remove the unfinished database", scaffold))
}
