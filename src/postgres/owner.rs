//! The account that Postgres runs as. Postgres refuses to run as root, so root switches to another account; other users
//! keep theirs.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, User, chown, getegid, geteuid};

use super::error::{StartError, if_exists};

/// The environment variables passed to Postgres programs: paths only, since the environment can hold secrets.
const PASSED_ON: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"];

/// A user and group that Postgres runs as.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    uid: Uid,
    gid: Gid,
}

impl Owner {
    /// The account for a cluster: its owner, if it exists. Otherwise the current user or, for root, `postgres`,
    /// or `nobody` where Postgres was installed without an account.
    pub fn choose(cluster: &Path) -> Result<Self, StartError> {
        let chosen = if geteuid().is_root() { Self::for_root()? } else { Self { uid: geteuid(), gid: getegid() } };
        let Some(meta) = if_exists(fs::metadata(cluster)).map_err(StartError::io("examine", cluster))? else {
            return Ok(chosen);
        };
        let owner = Self { uid: Uid::from_raw(meta.uid()), gid: Gid::from_raw(meta.gid()) };
        if owner.uid == chosen.uid {
            return Ok(chosen);
        }
        match (geteuid().is_root(), owner.uid.is_root()) {
            (true, false) => Ok(owner),
            (true, true) => Err(StartError::RootOwned { cluster: cluster.to_owned(), user: chosen.name() }),
            (false, _) => {
                Err(StartError::Foreign { cluster: cluster.to_owned(), owner: owner.name(), user: chosen.name() })
            }
        }
    }

    fn for_root() -> Result<Self, StartError> {
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { uid: user.uid, gid: user.gid })
            .ok_or(StartError::NoAccount)
    }

    /// The account's user id.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// Changes the owner of `path` to this account.
    pub fn give(&self, path: &Path) -> io::Result<()> {
        match geteuid().is_root() {
            true => chown(path, Some(self.uid), Some(self.gid)).map_err(io::Error::from),
            false => Ok(()),
        }
    }

    /// A command that runs `program` as this account, in `dir`, without input and with the variables of [`PASSED_ON`] only.
    pub fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        let passed_on = PASSED_ON.iter().filter_map(|&name| Some((name, std::env::var_os(name)?)));
        command
            .env_clear()
            .envs(passed_on.collect::<Vec<(&str, OsString)>>())
            .env("LC_ALL", "C")
            .current_dir(dir)
            .stdin(Stdio::null());
        if geteuid().is_root() {
            // This also drops root's supplementary groups.
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
        command
    }

    /// Checks that this account can enter `dir`; the error names the outermost directory that it cannot enter.
    pub fn check_entrance(&self, dir: &Path) -> Result<(), StartError> {
        if !geteuid().is_root() || self.can_enter(dir) {
            return Ok(());
        }
        let mut way: Vec<&Path> = dir.ancestors().collect();
        way.reverse();
        let barrier = way.into_iter().find(|step| !self.can_enter(step)).unwrap_or(dir);
        Err(StartError::Barred { user: self.name(), dir: barrier.to_owned() })
    }

    /// Tries to enter `dir`, because permission bits do not include ACLs and security modules.
    fn can_enter(&self, dir: &Path) -> bool {
        let tried = self.command(Path::new("true"), dir).status();
        !matches!(tried, Err(error) if error.kind() == ErrorKind::PermissionDenied)
    }

    fn name(&self) -> String {
        let user = User::from_uid(self.uid).ok().flatten();
        user.map_or_else(|| self.uid.to_string(), |user| user.name)
    }
}
