//! Several outputs at once, with real receivers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::*;
use rosc::{OscPacket, OscType};
use serde_json::Value;

/// Everything that came to the socket, one map of addresses a bundle.
fn bundles(socket: &UdpSocket) -> Vec<BTreeMap<String, f32>> {
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut bytes = [0; 4096];
    let mut found = Vec::new();
    while let Ok((length, _)) = socket.recv_from(&mut bytes) {
        let (_, packet) = rosc::decoder::decode_udp(&bytes[..length]).unwrap();
        let OscPacket::Bundle(bundle) = packet else {
            panic!("{packet:?}");
        };
        let messages = bundle.content.into_iter().map(|packet| match packet {
            OscPacket::Message(message) => match message.args[..] {
                [OscType::Float(value)] => (message.addr, value),
                _ => panic!("{message:?}"),
            },
            OscPacket::Bundle(bundle) => panic!("{bundle:?}"),
        });
        found.push(messages.collect());
    }
    found
}

/// Header and rows of a CSV file whose cells have no comma.
fn table(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "the last row is whole");
    let mut rows = text
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    (rows.next().unwrap(), rows.collect())
}

#[test]
fn every_output_gets_every_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(6.0));
    let csv = folder.path().join("readings.csv");
    let receivers = [0, 1].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
    let ports = receivers
        .each_ref()
        .map(|socket| socket.local_addr().unwrap().port());
    let output = run(&[
        "--input",
        path.to_str().unwrap(),
        "--osc",
        &format!("127.0.0.1:{}", ports[0]),
        "--osc",
        &format!("localhost:{}", ports[1]),
        "--csv",
        csv.to_str().unwrap(),
    ]);
    let lines = lines(&output);
    assert_eq!(lines.len(), 30);
    for receiver in &receivers {
        let bundles = bundles(receiver);
        assert_eq!(bundles.len(), lines.len());
        for (bundle, line) in bundles.iter().zip(&lines) {
            let mut expected = 1;
            assert!(
                (f64::from(bundle["/echometer/coverage"]) - line["coverage"].as_f64().unwrap()).abs() < 1e-4
            );
            for feature in FEATURES {
                let sent = bundle.get(&format!("/echometer/{feature}"));
                assert_eq!(sent.is_some(), line[feature].is_f64(), "{feature}: {line}");
                if let Some(sent) = sent {
                    expected += 1;
                    assert!((f64::from(*sent) - line[feature].as_f64().unwrap()).abs() < 0.006);
                }
            }
            assert_eq!(bundle.len(), expected);
        }
    }
    let (header, rows) = table(&csv);
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(&lines) {
        for (column, cell) in header.iter().zip(row) {
            let said = match column.strip_prefix("sd_") {
                Some(feature) => &line["sd"][feature],
                None => &line[column.as_str()],
            };
            match said {
                Value::Number(number) => assert_eq!(cell.parse::<f64>().unwrap(), number.as_f64().unwrap()),
                Value::String(text) => assert_eq!(cell, text),
                _ => assert!(
                    ["", "0", "false", "1"].contains(&cell.as_str()),
                    "{column}: {cell}"
                ),
            }
        }
    }
}

#[test]
fn a_csv_file_that_exists_is_kept_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(3.0));
    let csv = folder.path().join("mine.csv");
    fs::write(&csv, "mine").unwrap();
    let arguments = [
        "--input",
        path.to_str().unwrap(),
        "--csv",
        csv.to_str().unwrap(),
        "--format",
        "none",
    ];
    let output = run(&arguments);
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    assert!(said.contains("mine.csv") && said.contains("--force"), "{said}");
    assert_eq!(fs::read_to_string(&csv).unwrap(), "mine");
    let output = run(&[&arguments[..], &["--force", "--once"]].concat());
    assert!(lines(&output).is_empty(), "--format none says nothing");
    assert_eq!(table(&csv).1.len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_csv_that_takes_nothing_ends_it_before_it_begins() {
    let output = run(&["--input", "demo:dance", "--csv", "/dev/full"]);
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    assert!(said.contains("/dev/full") && output.stdout.is_empty(), "{said}");
}

/// A file that may not grow is as good as a disk that fills up.
#[cfg(target_os = "linux")]
#[test]
fn a_csv_that_fills_up_is_told_once_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(20.0));
    let csv = folder.path().join("full.csv");
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = receiver.local_addr().unwrap().port();
    let program = env!("CARGO_BIN_EXE_analyzer");
    let (input, table_path) = (path.display(), csv.display());
    // Blocks of 512 bytes in a POSIX shell, 1024 in some.
    let command = format!(
        "trap '' XFSZ; ulimit -f 8; exec {program} --no-config --input {input} --csv {table_path} --osc 127.0.0.1:{port} | cat"
    );
    let status = format!("{{ {command}; }} 2>{}/errors", folder.path().display());
    let output = Command::new("bash")
        .args(["-c", &format!("set -o pipefail; {status}")])
        .output()
        .unwrap();
    let said = fs::read_to_string(folder.path().join("errors")).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let told = said
        .lines()
        .filter(|line| line.starts_with("note:") && line.contains("full.csv"));
    assert_eq!(told.count(), 1, "{said}");
    assert!(said.contains("error: --csv"), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 100);
    assert_eq!(bundles(&receiver).len(), 100);
    let rows = table(&csv).1.len();
    assert!((1..100).contains(&rows), "{rows}");
}

#[test]
fn a_receiver_that_is_gone_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = wav(folder.path(), "chord.wav", &chord(5.0));
    let gone = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let alone = run(&["--input", path.to_str().unwrap()]);
    let with = run(&["--input", path.to_str().unwrap(), "--osc", &gone]);
    assert_eq!(lines(&with), lines(&alone));
    let told = stderr(&with);
    let more: Vec<_> = told
        .lines()
        .filter(|line| !stderr(&alone).contains(line))
        .collect();
    assert!(more.len() == 1 && more[0].contains("--realtime"), "{told}");
}

#[test]
fn wrong_receivers_are_named() {
    for (target, wanted) in [
        ("nonsense", 2),
        ("127.0.0.1", 2),
        ("127.0.0.1:0", 2),
        (":9000", 2),
        ("host:port", 2),
        ("no-such-host.invalid:9000", 1),
    ] {
        let output = run(&["--input", "demo:dance", "--osc", target]);
        let said = stderr(&output);
        assert_eq!(code(&output), wanted, "{target}: {said}");
        assert!(said.contains(target), "{said}");
        assert!(output.stdout.is_empty());
    }
    for channel in ["0", "17", "x"] {
        assert_eq!(code(&run(&["--midi-channel", channel, "--input", "demo"])), 2);
    }
}

#[test]
fn channels_are_chosen_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let both = chord(4.0);
    let left: Vec<i16> = both.chunks(2).flat_map(|frame| [frame[0], frame[0]]).collect();
    let swapped: Vec<i16> = both.chunks(2).flat_map(|frame| [frame[1], frame[0]]).collect();
    let path = |name, samples: &[i16]| wav(folder.path(), name, samples).to_str().unwrap().to_owned();
    let (both, left, swapped) = (
        path("b.wav", &both),
        path("l.wav", &left),
        path("s.wav", &swapped),
    );
    let once = |arguments: &[&str]| lines(&run(&[&["--once", "--input"], arguments].concat()));
    // A single channel is mono, whose loudness is that of one side: 3 dB less than of two.
    assert_eq!(
        once(&[&both, "--channels", "1"]),
        once(&[&left, "--channels", "2"])
    );
    assert_eq!(once(&[&both, "--channels", "2,1"]), once(&[&swapped]));
    assert_eq!(once(&[&both, "--channels", "1,2"]), once(&[&both]));
    assert_ne!(
        once(&[&both, "--channels", "1"]),
        once(&[&both, "--channels", "2"])
    );
    for (list, word) in [
        ("3", "2 channels"),
        ("0", "count from 1"),
        ("1,1", "twice"),
        ("1-2", "--channels"),
    ] {
        let output = run(&["--input", &both, "--channels", list]);
        assert_eq!(code(&output), 2, "{list}: {}", stderr(&output));
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}

#[test]
fn what_is_listened_to_is_never_written() {
    use std::fs::File;

    let folder = tempfile::tempdir().unwrap();
    let song = wav(folder.path(), "song.wav", &chord(3.0));
    let other = wav(folder.path(), "other.wav", &chord(3.0));
    let before = fs::read(&song).unwrap();
    fs::hard_link(&song, folder.path().join("hard link.csv")).unwrap();
    let mut names = vec!["song.wav", "./song.wav", "other.wav", "hard link.csv"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("song.wav", folder.path().join("link.csv")).unwrap();
        std::os::unix::fs::symlink("other.wav", folder.path().join("other.csv")).unwrap();
        names.extend(["link.csv", "other.csv"]);
    }
    for name in names {
        for input in ["song.wav", "-"] {
            let output = analyzer(&["--device", "embedded", "--input", input, "--csv", name, "--force"])
                .current_dir(folder.path())
                .stdin(File::open(&song).unwrap())
                .output()
                .unwrap();
            assert_eq!(code(&output), 2, "{input} {name}: {}", stderr(&output));
            assert!(stderr(&output).contains(name), "{}", stderr(&output));
            assert!(fs::read(&song).unwrap() == before, "{input} {name}");
            assert!(fs::read(&other).unwrap() == before, "{input} {name}");
        }
    }
    let output = analyzer(&["--device", "embedded", "--input", "song.wav"])
        .current_dir(folder.path())
        .stdout(File::options().append(true).open(&song).unwrap())
        .output()
        .unwrap();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(fs::read(&song).unwrap() == before);
}

#[cfg(unix)]
#[test]
fn one_reading_that_is_stopped_is_a_failure() {
    use std::io::{Read, Write};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let song = wav(folder.path(), "song.wav", &chord(60.0));
    let bytes = std::fs::read(&song).unwrap();
    let song = song.to_str().unwrap();
    let csv = folder.path().join("once.csv");
    let csv = csv.to_str().unwrap();
    // A file, a stream that goes on, one that falls silent, and no output of its own; the last two end by themselves.
    for (arguments, piped, signal, expected) in [
        (&["--input", song, "--realtime"][..], 0, "INT", 1),
        (&["--input", "-", "--realtime"], bytes.len(), "TERM", 1),
        (&["--input", "-"], bytes.len() / 2, "INT", 1),
        (
            &["--input", song, "--realtime", "--format", "none", "--csv", csv],
            0,
            "HUP",
            1,
        ),
        (&["--input", song], 0, "", 0),
        (&["--input", "demo:dance"], 0, "", 0),
    ] {
        let mut child = analyzer(&["--device", "embedded", "--once", "-v"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let sent = bytes[..piped].to_vec();
        let writer = std::thread::spawn(move || {
            // The program may be gone.
            let _ = stdin.write_all(&sent);
            stdin
        });
        let mut errors = child.stderr.take().unwrap();
        if !signal.is_empty() {
            // The first log line says that the model is loaded: signals are taken from then on, or soon.
            errors.read_exact(&mut [0; 40]).unwrap();
            std::thread::sleep(Duration::from_millis(500));
            let id = child.id().to_string();
            Command::new("kill").args(["-s", signal, &id]).status().unwrap();
        }
        let mut told = String::new();
        errors.read_to_string(&mut told).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), expected, "{arguments:?}: {told}");
        assert_eq!(told.contains("stopped before its end"), expected == 1, "{told}");
        assert_eq!(output.stdout.is_empty(), expected == 1, "{arguments:?}");
        drop(writer.join().unwrap());
    }
}

#[cfg(unix)]
#[test]
fn without_any_output_left_the_program_ends() {
    let folder = tempfile::tempdir().unwrap();
    let at_first = run(&["--input", "demo", "--format", "none", "--csv", "/dev/full"]);
    assert_eq!(code(&at_first), 1, "{}", stderr(&at_first));
    let none = run(&["--input", "demo", "--format", "none"]);
    assert_eq!(code(&none), 2, "{}", stderr(&none));
    // A disk that is full after some rows, by a limit of 8 kB; the input does not end.
    let song = std::fs::read(wav(folder.path(), "song.wav", &chord(60.0))).unwrap();
    let mut child = Command::new("bash")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_analyzer"),
        ])
        .args(["--no-config", "--device", "embedded", "--input", "-"])
        .args(["--format", "none", "--csv", "out.csv"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let _ = std::io::Write::write_all(&mut stdin, &song);
        stdin
    });
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if std::time::Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it runs on, doing nothing");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    drop(writer.join().unwrap());
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let told = stderr(&output);
    assert!(
        told.starts_with("error: --csv out.csv: cannot be written after "),
        "{told}"
    );
    assert!(!told.contains("go on"), "{told}");
    let rows = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert!(rows.lines().count() > 2 && rows.ends_with('\n'), "{rows}");
}
