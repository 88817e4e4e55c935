//! Frames that no friendly client sends, on real sockets: the server cuts who sends them, and goes on for the others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;
#[path = "common/serving.rs"]
mod serving;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use serving::{Server, reading};

/// Numbers that look random, the same each time (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let length = self.below(most);
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// A frame whose header may say anything.
    fn frame(&mut self) -> Vec<u8> {
        let payload = self.bytes(200);
        let said = match self.below(4) {
            0 => self.next() >> self.below(64),
            _ => payload.len() as u64,
        };
        // Most are of a known kind, whole, without reserved bits, masked.
        let odd = self.below(4) == 0;
        let kind = [0, 1, 2, 8, 9, 10][self.below(6) as usize];
        let first = if odd { self.next() as u8 } else { 0x80 | kind };
        let mask = if self.below(8) == 0 { 0 } else { 0x80 };
        let mut frame = vec![first];
        match said {
            0..126 => frame.push(mask | said as u8),
            126..65_536 => {
                frame.push(mask | 126);
                frame.extend((said as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 127);
                frame.extend(said.to_be_bytes());
            }
        }
        if mask != 0 {
            frame.extend((self.next() as u32).to_be_bytes());
        }
        frame.extend(payload);
        frame
    }
}

#[test]
fn odd_frames_end_their_own_connection_only() {
    let server = Server::start(&[]);
    let mut calm = server.socket(None).unwrap();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..300 {
        let mut stream = server.socket(None).unwrap().into_inner();
        let mut said = Vec::new();
        for _ in 0..random.below(8) {
            let some = if round % 3 == 0 {
                random.bytes(300)
            } else {
                random.frame()
            };
            said.extend(some);
        }
        // The server may have had enough of it already.
        let _ = stream.write_all(&said);
        let _ = stream.shutdown(Shutdown::Write);
        let mut heard = Vec::new();
        // Where the server closes while bytes are on the way, the system resets the connection.
        let _ = stream.read_to_end(&mut heard);
        assert!(heard.len() < 1 << 20, "round {round}: {} bytes", heard.len());
    }
    let before = reading(&mut calm)["time"].as_f64().unwrap();
    while reading(&mut calm)["time"].as_f64().unwrap() < before + 0.5 {}
    // All seats are given back but two: this one, and the one that asks.
    let deadline = Instant::now() + serving::PATIENCE;
    while !server.get("/metrics").1.contains("\nechometer_clients 2\n") {
        assert!(Instant::now() < deadline, "{}", server.get("/metrics").1);
    }
}

#[test]
fn odd_requests_are_answered_or_cut() {
    let server = Server::start(&[]);
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    let host = format!("Host: {}\r\n", server.address);
    for round in 0..200 {
        let mut stream = server.connect();
        let noise = random.bytes(400);
        let request = match round % 4 {
            0 => noise,
            1 => [b"GET /", noise.as_slice(), b" HTTP/1.1\r\n\r\n"].concat(),
            2 => [
                format!("GET /ws HTTP/1.1\r\n{host}").as_bytes(),
                &noise,
                b"\r\n\r\n",
            ]
            .concat(),
            _ => {
                let upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: ";
                [
                    format!("GET /ws HTTP/1.1\r\n{host}{upgrade}").as_bytes(),
                    &noise,
                    b"\r\n\r\n",
                ]
                .concat()
            }
        };
        let _ = stream.write_all(&request);
        let _ = stream.shutdown(Shutdown::Write);
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        assert!(
            heard.is_empty() || heard.starts_with(b"HTTP/1.1 4"),
            "round {round}: {}",
            String::from_utf8_lossy(&heard)
        );
    }
    assert_eq!(server.get("/metrics").0, 200);
}
