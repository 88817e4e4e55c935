//! `--serve` with real clients: WebSocket, event stream, snapshot, Prometheus, and those who mean no good.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;
#[path = "common/serving.rs"]
mod serving;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Command, Stdio};

use common::*;
use serde_json::Value;
use serving::{Server, reading};
use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;

/// Why the server closed a WebSocket, after whatever it still sent.
fn closed(socket: &mut tungstenite::WebSocket<std::net::TcpStream>) -> Option<CloseCode> {
    loop {
        match socket.read() {
            Ok(Message::Close(frame)) => return frame.map(|frame| frame.code),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

#[test]
fn readings_come_the_same_way_as_json_lines() {
    let server = Server::start(&[]);
    let mut socket = server.socket(None).unwrap();
    let mut last = -1.0;
    let mut readings = Vec::new();
    while last < 3.0 {
        let reading = reading(&mut socket);
        let time = reading["time"].as_f64().unwrap();
        assert!(time > last, "{time} after {last}");
        last = time;
        readings.push(reading);
    }
    let end = readings.last().unwrap();
    for feature in FEATURES {
        assert!(
            end[feature].is_f64() && end["sd"][feature].is_f64(),
            "{feature}: {end}"
        );
    }

    let mut stream = server.connect();
    write!(stream, "GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "HTTP/1.1 200 OK");
    let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(
        head.contains(&"content-type: text/event-stream".to_owned()),
        "{head:?}"
    );
    let events: Vec<Value> = lines
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .take(3)
        .collect();
    let mut expected = end.as_object().unwrap().keys();
    assert!(
        events[2].as_object().unwrap().keys().eq(expected.by_ref()),
        "{}",
        events[2]
    );
    assert!(events[0]["time"].as_f64() < events[2]["time"].as_f64());

    let snapshot: Value = serde_json::from_str(&server.get_when_there("/snapshot")).unwrap();
    assert!(snapshot["time"].as_f64() >= events[2]["time"].as_f64());
    assert_eq!(snapshot["track"], end["track"]);
}

#[test]
fn before_the_first_reading_there_is_no_snapshot() {
    // Standard input that stops before there is enough for a reading.
    let mut child = analyzer(&[
        "--input",
        "-",
        "--serve",
        "0",
        "--raw-rate",
        "44100",
        "--raw-channels",
        "2",
        "--raw-format",
        "s16le",
    ])
    .stdin(Stdio::piped())
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&[0; 8_820]).unwrap();
    let server = Server::of(child);
    let (status, body) = server.get("/snapshot");
    assert_eq!(status, 503, "{body}");
    let (status, metrics) = server.get("/metrics");
    assert_eq!(status, 200);
    assert!(
        metrics.contains("echometer_readings_total 0") && !metrics.contains("feature{feature=\"energy\"}"),
        "{metrics}"
    );
    drop(stdin);
}

#[test]
fn prometheus_reads_the_metrics() {
    let python = std::env::var("ECHOMETER_PYTHON").unwrap_or_else(|_| "python3".into());
    let parser = "
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(sys.stdin.read()):
    assert family.documentation, family
    for sample in family.samples:
        labels = ','.join(f'{k}={v}' for k, v in sorted(sample.labels.items()))
        print(family.type, sample.name, labels, sample.value)
";
    let known = Command::new(&python)
        .args(["-c", "import prometheus_client"])
        .output();
    if !known.is_ok_and(|output| output.status.success()) {
        println!(
            "skipped: {python} has no prometheus_client (pip install prometheus-client; ECHOMETER_PYTHON names another Python)"
        );
        return;
    }
    let server = Server::start(&[]);
    let mut socket = server.socket(None).unwrap();
    while reading(&mut socket)["energy"].is_null() {}
    let mut child = Command::new(&python)
        .args(["-c", parser])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = server.get("/metrics").1;
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{text}");
    let parsed = String::from_utf8(output.stdout).unwrap();
    let value = |start: &str| {
        let line = parsed.lines().find(|line| line.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("no {start}:\n{parsed}"));
        line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    for feature in FEATURES {
        let one = value(&format!("gauge echometer_feature feature={feature} "));
        assert_eq!(one < 0.0, feature == "loudness", "{feature}: {one}");
        assert!(value(&format!("gauge echometer_feature_sd feature={feature} ")) >= 0.0);
    }
    assert!(value("counter echometer_readings_total ") >= 10.0);
    assert_eq!(value("counter echometer_dropped_blocks_total "), 0.0);
    assert_eq!(value("gauge echometer_listening "), 1.0);
    assert_eq!(value("gauge echometer_clients "), 2.0);
    assert!((0.0..1.0).contains(&value("gauge echometer_window_coverage_ratio ")));
    assert_eq!(
        value("gauge echometer_build_info backend=embedded,model=echometer"),
        1.0
    );
}

#[test]
fn no_web_site_reads_along() {
    let server = Server::start(&[]);
    for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example"] {
        assert_eq!(server.socket(Some(origin)).err(), Some(403), "{origin}");
    }
    let own = format!("http://{}", server.address);
    for origin in [own.as_str(), "http://localhost:3000"] {
        assert!(server.socket(Some(origin)).is_ok(), "{origin}");
    }
    let host = format!("Host: {}\r\n", server.address);
    for path in ["/", "/events", "/snapshot", "/metrics", "/nothing"] {
        // A name that somebody points at this computer.
        let port = server.address.port();
        let (status, answer) = server.get_with(path, &format!("Host: rebound.evil.example:{port}\r\n"));
        assert_eq!(status, 403, "{path}: {answer}");
        let (status, answer) = server.get_with(path, &format!("{host}Origin: https://evil.example\r\n"));
        assert_eq!(status, 403, "{path}: {answer}");
        assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    }
    let (status, answer) = server.get_with("/metrics", &format!("{host}Origin: http://localhost:3000\r\n"));
    assert_eq!(status, 200);
    assert!(
        answer.contains("access-control-allow-origin: http://localhost:3000"),
        "{answer}"
    );
    assert_eq!(server.get("/nothing").0, 404);
    let mut stream = server.connect();
    write!(
        stream,
        "POST / HTTP/1.1\r\n{host}Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[test]
fn whoever_floods_is_cut_and_the_others_go_on() {
    let server = Server::start(&[]);
    let mut calm = server.socket(None).unwrap();
    let before = reading(&mut calm)["time"].as_f64();

    let mut talker = server.socket(None).unwrap();
    for _ in 0..500 {
        // The server stops listening at some point.
        if talker.send(Message::text("more!")).is_err() {
            break;
        }
    }
    assert!(matches!(closed(&mut talker), Some(CloseCode::Policy) | None));
    assert!(talker.read().is_err());

    let mut shouter = server.socket(None).unwrap();
    let _ = shouter.send(Message::text("x".repeat(1 << 20)));
    assert!(matches!(closed(&mut shouter), Some(CloseCode::Size) | None));

    // More requests on one connection than anybody needs.
    let stream = server.connect();
    let mut asking = stream.try_clone().unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let asked = std::thread::spawn(move || {
        for _ in 0..20_000 {
            if asking.write_all(request.as_bytes()).is_err() {
                return;
            }
        }
    });
    let mut answers = Vec::new();
    let end = BufReader::new(stream).read_to_end(&mut answers);
    asked.join().unwrap();
    assert!(end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    let count = answers.windows(9).filter(|window| window == b"HTTP/1.1 ").count();
    assert!(count < 20_000, "all {count} were answered");

    // A head without end.
    let mut stream = server.connect();
    let head = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nX: {}\r\n\r\n",
        server.address,
        "x".repeat(100_000)
    );
    let _ = stream.write_all(head.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );

    assert!(reading(&mut calm)["time"].as_f64() > before);
}

#[test]
fn who_does_not_read_delays_nobody() {
    // So many readings that what a stalled client's buffers hold is full soon.
    let server = Server::start(&["--rate", "100"]);
    let stalled: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = server.connect();
            write!(stream, "GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
            stream
        })
        .collect();
    let sleeping: Vec<_> = (0..8).map(|_| server.socket(None).unwrap()).collect();
    let mut awake = server.socket(None).unwrap();
    let (mut count, mut last) = (0, 0.0);
    while last < 8.0 {
        let time = reading(&mut awake)["time"].as_f64().unwrap();
        assert!(time > last, "{time} after {last}");
        (count, last) = (count + 1, time);
    }
    // All of them, unless the machine itself is too busy.
    assert!(count > 400, "only {count} of 800 came");
    drop((stalled, sleeping));
}

#[test]
fn there_is_room_for_many_but_not_for_all() {
    let server = Server::start(&[]);
    let mut seated: Vec<_> = (0..64).map(|_| server.socket(None).unwrap()).collect();
    let mut answer = String::new();
    server.connect().read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    reading(seated.last_mut().unwrap());
    seated.truncate(10);
    for socket in &mut seated {
        reading(socket);
    }
    let deadline = std::time::Instant::now() + serving::PATIENCE;
    while server.connect().write_all(b"").is_err() {
        assert!(std::time::Instant::now() < deadline);
    }
}

#[cfg(unix)]
#[test]
fn an_end_is_told_to_clients() {
    let mut server = Server::start(&[]);
    let mut socket = server.socket(None).unwrap();
    reading(&mut socket);
    let mut stream = server.connect();
    write!(stream, "GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    assert_eq!(server.interrupt(), Some(0));
    assert_eq!(closed(&mut socket), Some(CloseCode::Away));
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(
        rest.ends_with("0\r\n\r\n"),
        "the event stream ends as it should: {rest}"
    );
}

#[test]
fn addresses_that_cannot_be_listened_on_say_what_to_do() {
    let server = Server::start(&[]);
    let taken = server.address.to_string();
    let output = run(&["--input", "demo", "--serve", &taken]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains(&format!("cannot listen on {taken}")),
        "{}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("another analyzer"),
        "{}",
        stderr(&output)
    );
    for (arguments, word) in [
        (&["--serve", "0.0.0.0"][..], "--serve-everyone"),
        (&["--serve", "example.org"], "is no address"),
        (
            &["--serve", "127.0.0.1", "--serve-everyone"],
            "this computer alone",
        ),
    ] {
        let output = run(&[&["--input", "demo"], arguments].concat());
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
    let open = Server::start(&["--serve-everyone"]);
    assert!(
        open.said.contains("every computer that reaches 0.0.0.0:"),
        "{}",
        open.said
    );
}
