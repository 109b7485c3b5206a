//! The layout of the data directory: lock, cluster and socket. Only the holder of the [`Lock`] may change the directory's
//! contents.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::geteuid;

use super::error::{StartError, if_exists};
use super::owner::Owner;

/// The file name of a Postgres socket, as client libraries derive it.
pub(super) const SOCKET: &str = ".s.PGSQL.5432";
/// Maximum length of a Unix socket path without the terminating NUL: `sun_path` is shorter on the BSDs and macOS.
const SOCKET_PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The exclusive lock on a data directory. The thread that waits for Postgres holds a clone, so that the directory stays
/// locked until Postgres has exited.
#[derive(Debug, Clone)]
pub(super) struct Lock {
    _file: Arc<Flock<File>>,
}

/// A data directory, by its canonical path.
#[derive(Debug, Clone)]
pub(super) struct Home {
    root: PathBuf,
}

/// The path of the cluster in a data directory.
pub(super) fn cluster_in(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres")
}

/// The URL of the Postgres whose socket is in `socket_dir`. Port and sslmode are explicit because clients would otherwise
/// take them from the environment.
pub(super) fn url(socket_dir: &Path) -> String {
    let mut host = String::new();
    for &byte in socket_dir.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => host.push(byte.into()),
            _ => host.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("postgres://handset@localhost:5432/postgres?host={host}&sslmode=disable")
}

impl Home {
    /// Creates the data directory if needed and takes its lock without waiting.
    pub fn claim(data_dir: &Path) -> Result<(Self, Lock), StartError> {
        // Root's data directory is searchable by others, because Postgres runs as another user; each entry is private.
        let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
        DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(data_dir)
            .map_err(StartError::io("create the data directory", data_dir))?;
        let root = data_dir.canonicalize().map_err(StartError::io("resolve the data directory", data_dir))?;
        let lock = Lock::take(&root)?;
        Ok((Self { root }, lock))
    }

    /// The path of the data directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of the cluster.
    pub fn cluster(&self) -> PathBuf {
        cluster_in(&self.root)
    }

    /// The path at which a cluster is created before it is renamed.
    pub fn scaffold(&self) -> PathBuf {
        self.root.join("postgres.new")
    }

    /// The major version that created the cluster, or `None` without a cluster.
    pub fn major(&self) -> Result<Option<u32>, StartError> {
        let path = self.cluster().join("PG_VERSION");
        let major = |text: String| text.trim().parse().map_err(|_| ErrorKind::InvalidData.into());
        if_exists(fs::read_to_string(&path))
            .and_then(|text| text.map(major).transpose())
            .map_err(StartError::io("read the version in", &path))
    }

    /// Creates the directory of the socket, which only `owner` (and root) can enter: this is the only access control. It is
    /// outside the data directory if the path is too long for a socket, or not UTF-8 and so unfit for a URL.
    pub fn socket_dir(&self, owner: &Owner) -> Result<PathBuf, StartError> {
        let near = self.near_socket_dir();
        let fits = near.join(SOCKET).as_os_str().len() <= SOCKET_PATH_MAX;
        let dir = if fits && near.to_str().is_some() { near } else { self.far_socket_dir()? };
        make_private(&dir, owner)?;
        Ok(dir)
    }

    /// Removes a socket directory outside the data directory, where no operator would look for it.
    pub fn forget_socket_dir(&self, dir: &Path) {
        if dir != self.near_socket_dir() {
            // An error is ignored: the directory is empty, and the next start reuses it.
            let _ = fs::remove_dir(dir);
        }
    }

    fn near_socket_dir(&self) -> PathBuf {
        self.root.join("run")
    }

    /// A short path, derived from the identity of the data directory.
    fn far_socket_dir(&self) -> Result<PathBuf, StartError> {
        let meta = fs::metadata(&self.root).map_err(StartError::io("examine", &self.root))?;
        Ok(PathBuf::from(format!("/tmp/handset-{:x}-{:x}", meta.dev(), meta.ino())))
    }
}

impl Lock {
    fn take(root: &Path) -> Result<Self, StartError> {
        let path = root.join("lock");
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(StartError::io("open the lock", &path))?;
        let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((_, Errno::EWOULDBLOCK)) => {
                let pid = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
                return Err(StartError::InUse { data_dir: root.to_owned(), pid });
            }
            Err((_, errno)) => return Err(StartError::io("take the lock", &path)(errno.into())),
        };
        // The pid is only for the error above, so a full disk is no failure here.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { _file: Arc::new(lock) })
    }
}

/// Creates `dir` as a private directory of `owner`. An existing one must belong to `owner` or to this user: in a shared
/// directory any user may have created it.
fn make_private(dir: &Path, owner: &Owner) -> Result<(), StartError> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => fs::symlink_metadata(dir),
    }
    .and_then(|meta| {
        if !meta.is_dir() {
            return Err(io::Error::other("something that is no directory is in its place"));
        }
        if meta.uid() != owner.uid().as_raw() && meta.uid() != geteuid().as_raw() {
            return Err(io::Error::other("it belongs to another user"));
        }
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        owner.give(dir)
    })
    .map_err(StartError::io("make the private directory", dir))
}
