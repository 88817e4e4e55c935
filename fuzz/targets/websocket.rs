//! What a client may say on the server's WebSocket: any bytes after the handshake. The analyzer's own files are taken in by
//! their paths; connection and client are the two ends of a pipe in memory.
#![no_main]
#![allow(dead_code, unreachable_pub, reason = "the analyzer uses more of them")]

#[path = "../../analyzer/src/outputs/serve/board.rs"]
mod board;
#[path = "../../analyzer/src/outputs/serve/guests.rs"]
mod guests;
#[path = "../../analyzer/src/outputs/serve/socket.rs"]
mod socket;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use board::Board;
use echometer_engine::{Levels, PerFeature, Reading};
use guests::{Guests, Seat};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
use tokio::runtime::{Builder, Runtime};

const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static RUNTIME: LazyLock<Mutex<Runtime>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build();
    Mutex::new(runtime.expect("a runtime"))
});

async fn web_socket(
    State(board): State<Arc<Board>>,
    Extension(seat): Extension<Arc<Seat>>,
    request: WebSocketUpgrade,
) -> Response {
    socket::upgrade(request, board.subscribe().expect("the board is open"), seat)
}

/// All that the server answers to `said`, until the connection ends.
async fn answer(said: &[u8], board: &Arc<Board>, guests: &Guests) -> Vec<u8> {
    let seat = guests.admit(IpAddr::from([127, 0, 0, 1])).expect("a seat");
    let router = Router::new()
        .route("/ws", get(web_socket))
        .layer(Extension(Arc::new(seat)))
        .with_state(Arc::clone(board));
    let (ours, theirs) = duplex(1 << 12);
    let server = tokio::spawn(
        http1::Builder::new()
            .serve_connection(TokioIo::new(theirs), TowerToHyperService::new(router))
            .with_upgrades(),
    );
    let (mut reader, mut writer) = split(ours);
    writer.write_all(HANDSHAKE).await.expect("a pipe in memory");
    // What comes before the answer is no frame yet, and an end is no upgrade.
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        heard.push(reader.read_u8().await.expect("an answer to the handshake"));
    }
    let said = async move {
        // The server may have ended the connection already.
        let _ = writer.write_all(said).await;
        let _ = writer.shutdown().await;
    };
    let (_, read) = tokio::join!(said, reader.read_to_end(&mut heard));
    read.expect("a pipe in memory");
    let _ = server.await;
    heard
}

fuzz_target!(|data: &[u8]| {
    let board = Arc::new(Board::new("input".into()));
    let reading = Reading {
        time: 1.0,
        coverage: 0.1,
        silent: false,
        values: PerFeature::default(),
        sd: PerFeature::default(),
        levels: Levels::default(),
        dropped: 0,
        replaced: 0,
    };
    board.reading(&reading, "{}".into());
    let guests = Guests::default();
    let runtime = RUNTIME.lock().expect("one at a time");
    let heard = runtime.block_on(async {
        let answer = answer(data, &board, &guests);
        tokio::time::timeout(Duration::from_secs(5), answer).await.expect("the connection ends with the client")
    });
    assert!(heard.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&heard));
    runtime.block_on(tokio::task::yield_now());
    assert_eq!(guests.count(), 0, "a seat was not given back");
});
