//! The account that Postgres runs as. Postgres refuses root, so root drops to another account; everybody else stays
//! who they are. Which files exist is not decided here, only whose they are and who can reach them.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, User, chown, getegid, geteuid};

use super::error::StartError;
use super::home::Home;

/// What the programs of Postgres may see of our environment, which can hold secrets: where programs and libraries are.
const PASSED_ON: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"];

/// The account that Postgres runs as.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    uid: Uid,
    gid: Gid,
}

impl Owner {
    /// The account for the cluster in `home`: the one that owns it, if it exists. Otherwise ourselves, or as root
    /// `postgres`, or `nobody` where Postgres was installed without an account.
    pub fn choose(home: &Home) -> Result<Self, StartError> {
        let cluster = home.cluster();
        let chosen = if geteuid().is_root() { Self::for_root()? } else { Self { uid: geteuid(), gid: getegid() } };
        let meta = match fs::metadata(&cluster) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(chosen),
            Err(error) => return Err(StartError::io("examine", &cluster)(error)),
        };
        let owner = Self { uid: Uid::from_raw(meta.uid()), gid: Gid::from_raw(meta.gid()) };
        if owner.uid == chosen.uid {
            return Ok(chosen);
        }
        match (geteuid().is_root(), owner.uid.is_root()) {
            (true, false) => Ok(owner),
            (true, true) => Err(StartError::RootOwned { cluster, user: chosen.name() }),
            (false, _) => Err(StartError::Foreign { cluster, owner: owner.name(), user: chosen.name() }),
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

    /// Gives `path` to this account.
    pub fn give(&self, path: &Path) -> io::Result<()> {
        match geteuid().is_root() {
            true => chown(path, Some(self.uid), Some(self.gid)).map_err(io::Error::from),
            false => Ok(()),
        }
    }

    /// A command that runs `program` as this account, in `dir`, with no input and nothing of our environment but what
    /// it needs.
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
            // This drops root's supplementary groups, too.
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
        command
    }

    /// Checks that this account can enter `dir`, and names the outermost directory that bars the way.
    pub fn check_entrance(&self, dir: &Path) -> Result<(), StartError> {
        if !geteuid().is_root() || self.can_enter(dir) {
            return Ok(());
        }
        let mut way: Vec<&Path> = dir.ancestors().collect();
        way.reverse();
        let barrier = way.into_iter().find(|step| !self.can_enter(step)).unwrap_or(dir);
        Err(StartError::Barred { user: self.name(), dir: barrier.to_owned() })
    }

    /// Tries it, because permission bits are not the whole truth: there are access lists and security modules.
    fn can_enter(&self, dir: &Path) -> bool {
        let tried = self.command(Path::new("true"), dir).status();
        !matches!(tried, Err(error) if error.kind() == ErrorKind::PermissionDenied)
    }

    fn name(&self) -> String {
        let user = User::from_uid(self.uid).ok().flatten();
        user.map_or_else(|| self.uid.to_string(), |user| user.name)
    }
}
