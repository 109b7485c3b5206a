//! Where a Postgres accepts connections, for proxies in front of it.

use sqlx::postgres::PgConnectOptions;
use std::io;
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

#[derive(Clone)]
pub enum ServerAddress {
    Unix(PathBuf),
    Tcp(String, u16),
}

/// Both directions of a connection.
pub type Halves = (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>);

impl ServerAddress {
    pub fn of(url: &str) -> ServerAddress {
        let options: PgConnectOptions = url.parse().expect("a URL of Postgres");
        match options.get_socket() {
            Some(directory) => ServerAddress::Unix(directory.join(format!(".s.PGSQL.{}", options.get_port()))),
            None => ServerAddress::Tcp(options.get_host().to_owned(), options.get_port()),
        }
    }

    pub async fn connect(&self) -> io::Result<Halves> {
        Ok(match self {
            ServerAddress::Unix(socket) => {
                let (read, write) = UnixStream::connect(socket).await?.into_split();
                (Box::new(read), Box::new(write))
            }
            ServerAddress::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                let (read, write) = stream.into_split();
                (Box::new(read), Box::new(write))
            }
        })
    }
}
