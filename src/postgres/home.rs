//! The layout of the data directory: the lock, the cluster, the socket. It makes and names places; what runs in them
//! is not known here. Whoever holds the [`Lock`] may change what is in the directory, nobody else.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::geteuid;

use super::error::StartError;
use super::owner::Owner;

/// The name of a Postgres socket in its directory, as every client library derives it.
pub(super) const SOCKET: &str = ".s.PGSQL.5432";
/// The longest path of a Unix socket, less the closing zero byte: `sun_path` is shorter on the BSDs and macOS.
const SOCKET_PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The exclusive right to a data directory. It is shared with the thread that watches Postgres, so that the directory
/// is not free before Postgres has ended, whatever becomes of the other holders.
#[derive(Debug, Clone)]
pub(super) struct Lock {
    _file: Arc<Flock<File>>,
}

/// A data directory, by its real path.
#[derive(Debug, Clone)]
pub(super) struct Home {
    root: PathBuf,
}

/// Where the cluster is in a data directory.
pub(super) fn cluster_in(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres")
}

/// The URL of the Postgres whose socket is in `socket_dir`. Port and TLS are spelt out because clients would otherwise
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
    /// Makes the data directory if need be and takes its lock, at once or not at all.
    pub fn claim(data_dir: &Path) -> Result<(Self, Lock), StartError> {
        // Root's data directory lets others pass through, because Postgres runs as somebody else; its entries are
        // closed one by one.
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

    /// The data directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The cluster.
    pub fn cluster(&self) -> PathBuf {
        cluster_in(&self.root)
    }

    /// Where a cluster is built until it is whole.
    pub fn scaffold(&self) -> PathBuf {
        self.root.join("postgres.new")
    }

    /// The major version of Postgres that made the cluster, or `None` if there is none yet.
    pub fn major(&self) -> Result<Option<u32>, StartError> {
        let path = self.cluster().join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map(Some).map_err(|_| ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
        .map_err(StartError::io("read the version in", &path))
    }

    /// Makes the directory of the socket, which nobody but `owner` (and root) can enter: that is the whole of the
    /// access control. It is elsewhere if its path is too long for a socket, or is not text, as URLs must be.
    pub fn socket_dir(&self, owner: &Owner) -> Result<PathBuf, StartError> {
        let near = self.near_socket_dir();
        let fits = near.join(SOCKET).as_os_str().len() <= SOCKET_PATH_MAX;
        let dir = if fits && near.to_str().is_some() { near } else { self.far_socket_dir()? };
        make_private(&dir, owner)?;
        Ok(dir)
    }

    /// Removes a socket directory that is outside the data directory, where nobody would think of cleaning up.
    pub fn forget_socket_dir(&self, dir: &Path) {
        if dir != self.near_socket_dir() {
            // Not worth a failure: it is empty, and the next start takes it again.
            let _ = fs::remove_dir(dir);
        }
    }

    fn near_socket_dir(&self) -> PathBuf {
        self.root.join("run")
    }

    /// A name that is short, and the same each time for the same data directory.
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
        // Only for the words of the refusal above, so a full disk is no reason to fail here.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { _file: Arc::new(lock) })
    }
}

/// Makes `dir` a directory of `owner`'s alone. One that is there already is taken only from `owner` or from ourselves:
/// in a shared place anybody may have put it there.
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
            return Err(io::Error::other("it belongs to somebody else"));
        }
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        owner.give(dir)
    })
    .map_err(StartError::io("make the private directory", dir))
}
