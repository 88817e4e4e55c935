//! The program with `--serve`, and plain HTTP to talk to it.
#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

use super::common::analyzer;

/// Longest wait for anything at all; a machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program, serving on some free port; ended when it is dropped.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
    /// What it said on standard error until it served.
    pub said: String,
    /// Kept, so that it can go on saying things.
    _stderr: BufReader<ChildStderr>,
}

impl Server {
    /// Plays the demo at its own speed, or what `arguments` say.
    pub fn start(arguments: &[&str]) -> Self {
        let usual = [
            "--input",
            "demo",
            "--realtime",
            "--serve",
            "0",
            "--device",
            "embedded",
        ];
        let child = analyzer(&[&usual[..], arguments].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        Self::of(child.unwrap())
    }

    /// A program started elsewhere, its standard error piped.
    pub fn of(mut child: Child) -> Self {
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "it ended: {said}");
            let rest = said
                .split_once("serving the overlay on http://")
                .map(|(_, rest)| rest);
            if let Some((address, _)) = rest.and_then(|rest| rest.split_once("/ ")) {
                break address.parse().unwrap();
            }
        };
        Self {
            child,
            address,
            said,
            _stderr: stderr,
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Status and the whole answer to a GET with these header lines.
    pub fn get_with(&self, path: &str, headers: &str) -> (u16, String) {
        let mut stream = self.connect();
        let request = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    /// Status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let (status, answer) = self.get_with(path, &format!("Host: {}\r\n", self.address));
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, body.to_owned())
    }

    /// The body once there is one to give.
    pub fn get_when_there(&self, path: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.get(path) {
                (200, body) => return body,
                other => assert!(Instant::now() < deadline, "{other:?}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A WebSocket from a page of `origin`, or from a program.
    pub fn socket(&self, origin: Option<&str>) -> Result<WebSocket<TcpStream>, u16> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        if let Some(origin) = origin {
            let value = HeaderValue::from_str(origin).unwrap();
            request.headers_mut().insert("origin", value);
        }
        match tungstenite::client(request, self.connect()) {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                Err(answer.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Asks it to end, as Ctrl-C does, and waits; its exit code.
    pub fn interrupt(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next reading on a WebSocket.
pub fn reading(socket: &mut WebSocket<TcpStream>) -> serde_json::Value {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
