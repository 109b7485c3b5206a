//! Creates the cluster, once per data directory. It is created under a temporary name and renamed when complete, so an
//! existing cluster is never incomplete.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::Durability;
use super::child::Child;
use super::error::{StartError, if_exists};
use super::home::Lock;
use super::leftovers;
use super::postmaster::Spec;

/// Creates the cluster.
pub(super) async fn create(spec: &Spec, lock: &Lock) -> Result<(), StartError> {
    let (cluster, scaffold) = (spec.home.cluster(), spec.home.scaffold());
    if scaffold.exists() {
        // An earlier run was interrupted; its processes may still be writing.
        leftovers::end(lock, &scaffold).await?;
        remove(&scaffold)?;
    }
    DirBuilder::new()
        .mode(0o700)
        .create(&scaffold)
        .and_then(|()| spec.owner.give(&scaffold))
        .map_err(StartError::io("create", &scaffold))?;
    if let Err(fault) = build(spec, lock, &scaffold).await {
        // The first error is reported; the remains would only fill the disk.
        let _ = remove(&scaffold);
        return Err(fault);
    }
    fs::rename(&scaffold, &cluster)
        .and_then(|()| File::open(spec.home.root())?.sync_all())
        .map_err(StartError::io("put the new database in place as", &cluster))
}

async fn build(spec: &Spec, lock: &Lock, scaffold: &Path) -> Result<(), StartError> {
    let program = spec.binaries.initdb();
    let mut command = spec.owner.command(&program, scaffold);
    // Trust authentication is safe because the only socket is in a directory that other users cannot enter.
    command.args(["--auth=trust", "-U", "handset", "--locale=C", "-E", "UTF8"]);
    command.args(["--data-checksums", "--no-instructions", "-D"]).arg(scaffold);
    if spec.durability == Durability::Disposable {
        command.arg("--no-sync");
    }
    let initdb = Child::spawn(command, lock).map_err(StartError::io("run", &program))?;
    let status = initdb.exited().await;
    if status.success() {
        return Ok(());
    }
    let said = initdb.last_words().await;
    Err(StartError::failed("initdb", status, spec.home.root().to_owned(), said))
}

fn remove(scaffold: &Path) -> Result<(), StartError> {
    if_exists(fs::remove_dir_all(scaffold))
        .map(drop)
        .map_err(StartError::io("remove the unfinished database", scaffold))
}
