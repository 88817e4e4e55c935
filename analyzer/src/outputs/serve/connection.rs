//! Connections: how they come, how long they may take, and when they are cut.

use std::cell::RefCell;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

use super::guests::{Allowance, Guests, Seat};

/// How long the head of a request may take, also the next one on a connection that stays.
const HEAD: Duration = Duration::from_secs(10);
/// The longest head, in bytes and in lines.
const HEAD_BYTES: usize = 16 << 10;
const HEAD_LINES: usize = 64;

/// How long a client may take nothing that is sent to it.
const STALLED: Duration = Duration::from_secs(10);

/// Requests on one connection, many times what any page needs.
const REQUESTS: u32 = 200;
const REQUESTS_IN: Duration = Duration::from_secs(1);

/// Where no connection can be taken, the system is short of something for a moment.
const SHORT: Duration = Duration::from_millis(100);

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 31\r\nretry-after: 5\r\nconnection: close\r\n\r\nToo many connections are open.\n";

/// Takes connections for ever.
pub(super) async fn accept(listener: TcpListener, guests: &Guests, router: &Router) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => take(stream, peer, guests, router.clone()),
            Err(error) => {
                tracing::debug!(%error, "no connection could be taken");
                sleep(SHORT).await;
            }
        }
    }
}

fn take(stream: TcpStream, peer: SocketAddr, guests: &Guests, router: Router) {
    let Some(seat) = guests.admit(peer.ip().to_canonical()) else {
        // It fits into an empty buffer, or is not told.
        let _ = stream.into_std().and_then(|mut stream| stream.write(FULL));
        return;
    };
    // Readings are small and should go out as they come.
    let _ = stream.set_nodelay(true);
    tokio::spawn(async move {
        if let Err(error) = serve(stream, router, Arc::new(seat), STALLED).await {
            tracing::debug!(%peer, %error, "a connection was cut");
        }
    });
}

/// Answers one connection's requests until it ends, takes nothing for as long as `stalled`, or does what it must not.
async fn serve(stream: TcpStream, router: Router, seat: Arc<Seat>, stalled: Duration) -> hyper::Result<()> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(stalled));
    let allowance = RefCell::new(Allowance::new(REQUESTS, REQUESTS_IN));
    let routes = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        // A connection that becomes a WebSocket takes its seat along.
        request.extensions_mut().insert(Arc::clone(&seat));
        let answer = allowance.borrow_mut().take().then(|| routes.call(request));
        async move {
            match answer {
                Some(answer) => {
                    Ok::<Response, io::Error>(answer.await.unwrap_or_else(|never| match never {}))
                }
                None => Err(io::Error::other("too many requests")),
            }
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_header_size(HEAD_BYTES)
        .max_headers(HEAD_LINES)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades()
        .await
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::runtime::Builder;
    use tokio::time::timeout;

    use super::*;

    /// More than any system holds for a client.
    const MUCH: usize = 64 << 20;

    #[test]
    fn a_client_that_takes_nothing_is_cut() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, peer) = listener.accept().await.unwrap();
            client.writable().await.unwrap();
            client.try_write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let router = Router::new().route("/", get(|| async { vec![0_u8; MUCH] }));
            let guests = Guests::default();
            let seat = guests.admit(peer.ip()).unwrap();
            let served = serve(stream, router, Arc::new(seat), Duration::from_millis(50));
            // Far sooner than the program's own limit; without one, never.
            let cut = timeout(STALLED / 2, served).await.unwrap();
            assert!(cut.is_err(), "the client did not take {MUCH} bytes");
            assert_eq!(guests.count(), 0);
            drop(client);
        });
    }
}
