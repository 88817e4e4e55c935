//! Readings for whoever connects: WebSocket, Server-Sent Events, a snapshot, Prometheus, and an overlay for streams.
//!
//! All of it happens on one thread of its own. Handing it a reading never waits: clients that cannot follow lose readings,
//! and those that take nothing at all are cut.

pub(crate) mod address;
mod board;
mod connection;
mod door;
mod events;
mod guests;
mod metrics;
mod overlay;
mod routes;
mod socket;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use echometer_engine::Reading;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::fan::Output;
use super::{About, line, notice};
use crate::analysis::Part;
use crate::failure::Failure;
use board::Board;
use door::Door;
use guests::Guests;
use routes::Site;

/// Connections that wait to be taken.
const BACKLOG: u32 = 128;

/// What the system may hold for a client that takes nothing, in bytes: some seconds of readings, not minutes.
const SEND_BUFFER: u32 = 32 << 10;

/// How long clients may take to go when the server ends.
const GOODBYE: Duration = Duration::from_millis(500);

/// The server. Dropping it ends it.
pub(crate) struct Server {
    site: Arc<Site>,
    /// Dropped to end the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on `address`.
    pub(crate) fn start(address: SocketAddr, about: &About) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::failed(format!("the server could not start: {error}"));
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(failed)?;
        let listener = {
            let _inside = runtime.enter();
            listen(address).map_err(|error| unlistened(address, &error))?
        };
        let site = Arc::new(Site {
            about: about.clone(),
            board: Board::new(about.input.clone()),
            guests: Guests::default(),
            door: Door {
                bound: listener.local_addr().map_err(failed)?,
            },
        });
        if !address.ip().is_loopback() {
            notice(&format!(
                "--serve-everyone: every computer that reaches {} can read the values and the names of input, model and backend; there is no password and no encryption",
                site.door.bound
            ));
        }
        let (stop, stopped) = oneshot::channel();
        let theirs = Arc::clone(&site);
        let thread = thread::Builder::new()
            .name("server".into())
            .spawn(move || run(&runtime, listener, &theirs, stopped))
            .map_err(failed)?;
        Ok(Self {
            site,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Output for Server {
    fn name(&self) -> String {
        format!("the server on {}", self.site.door.bound)
    }

    fn greeting(&self) -> Option<String> {
        let others = address::outside(self.site.door.bound).map_or(String::new(), |there| {
            format!(" – for other computers http://{there}/ –")
        });
        Some(format!(
            "serving the overlay on http://{}/{others} and readings on /ws, /events, /snapshot and /metrics",
            self.site.door.usual()
        ))
    }

    fn begins(&mut self, part: &Part) -> Result<(), Failure> {
        self.site.board.begins(&part.title);
        Ok(())
    }

    fn reading(&mut self, reading: &Reading, part: Option<&Part>) -> Result<(), Failure> {
        let line = line::json(reading, &self.site.about, part)
            .map_err(|error| Failure::failed(format!("JSON: {error}")))?;
        self.site.board.reading(reading, line);
        Ok(())
    }

    fn lost(&mut self, _why: &str) -> Result<(), Failure> {
        self.site.board.lost();
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.site.board.end();
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the server was printed by itself.
            let _ = thread.join();
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // On Unix this is what lets a program listen again at once; on Windows it would let two listen at the same time.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Connections take it over from the socket that listens.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn unlistened(address: SocketAddr, error: &io::Error) -> Failure {
    let port = address.port();
    let failure = Failure::failed(format!("--serve cannot listen on {address}: {error}"));
    match error.kind() {
        io::ErrorKind::AddrInUse => failure.hint(format!(
            "another program listens there, perhaps another analyzer: end it, or take another port: --serve {}",
            port.checked_add(1).unwrap_or(address::PORT)
        )),
        io::ErrorKind::PermissionDenied => {
            failure.hint(format!("ports below 1024 need rights: take a higher one: --serve {}", address::PORT))
        }
        io::ErrorKind::AddrNotAvailable => {
            failure.hint("it has to be an address of this computer; leave it out for the usual one")
        }
        _ => failure,
    }
}

/// Serves until `stopped`, then until clients are gone or were given time enough.
fn run(runtime: &Runtime, listener: TcpListener, site: &Arc<Site>, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        let router = routes::router(Arc::clone(site));
        tokio::select! {
            () = connection::accept(listener, &site.guests, &router) => {}
            _ = stopped => {}
        }
        let end = Instant::now() + GOODBYE;
        while site.guests.count() > 0 && Instant::now() < end {
            sleep(Duration::from_millis(5)).await;
        }
    });
}
