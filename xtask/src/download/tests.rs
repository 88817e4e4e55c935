//! Downloads from a local server that breaks off, and files that are not what they should be.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;

const CONTENT: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const EXPECTED: Expected = Expected {
    bytes: CONTENT.len() as u64,
    sha256: "74e7e5bb9d22d6db26bf76946d40fff3ea9f0346b884fd0694920fccfad15e33",
};

#[test]
fn a_wrong_hash_deletes_the_file_and_says_both() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("thing.whl");
    fs::write(&file, "something else").unwrap();
    let error = verify(&file, EXPECTED).unwrap_err().to_string();
    assert!(!file.exists());
    assert!(error.contains("thing.whl"), "{error}");
    assert!(error.contains(EXPECTED.sha256), "{error}");
    assert!(error.contains("(14 bytes)"), "{error}");
    assert!(error.contains("Run the same command again"), "{error}");
}

#[test]
fn the_right_hash_leaves_the_file() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("thing.whl");
    fs::write(&file, CONTENT).unwrap();
    verify(&file, EXPECTED).unwrap();
    assert!(file.exists());
}

#[test]
fn addresses_are_quoted_for_curl() {
    let mut source = Source {
        url: "https://a\"b\\c".into(),
        ..Source::default()
    };
    assert_eq!(source.curl_config().unwrap(), "url = \"https://a\\\"b\\\\c\"\n");
    source.certificates = Some("/etc/ca.crt".into());
    assert!(
        source
            .curl_config()
            .unwrap()
            .ends_with("cacert = \"/etc/ca.crt\"\n")
    );
    source.proxy = Some("x\noutput = /etc/passwd".into());
    assert!(source.curl_config().is_err());
}

/// What the server does with each request in turn.
#[derive(Clone, Copy)]
enum Answer {
    /// Only this many bytes of what was promised, then the connection ends.
    Break(usize),
    /// Everything from where the client wants to go on.
    Rest,
    /// Everything from the start, whatever was asked for.
    NoRanges,
    Missing,
}

/// Serves `CONTENT`, one answer a connection, and notes from which byte each request wanted it.
fn serve(answers: Vec<Answer>) -> (String, Arc<Mutex<Vec<usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/thing.whl", listener.local_addr().unwrap());
    let starts = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&starts);
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut start = 0;
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap().to_ascii_lowercase();
                if let Some(range) = line.strip_prefix("range: bytes=") {
                    start = range.split('-').next().unwrap().parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            noted.lock().unwrap().push(start);
            let (status, from, count) = match answer {
                Answer::Break(count) => ("200 OK", 0, count),
                Answer::Rest if start > 0 => ("206 Partial Content", start, CONTENT.len() - start),
                Answer::Rest | Answer::NoRanges => ("200 OK", 0, CONTENT.len()),
                Answer::Missing => ("404 Not Found", 0, 0),
            };
            let (last, all) = (CONTENT.len() - 1, CONTENT.len());
            let range = if from > 0 {
                format!("Content-Range: bytes {from}-{last}/{all}\r\n")
            } else {
                String::new()
            };
            let length = all - from;
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{range}Connection: close\r\n\r\n"
            )
            .unwrap();
            // The client may have hung up on the status line already.
            let _ = stream.write_all(&CONTENT[from..from + count]);
        }
    });
    (url, starts)
}

/// Downloads from a server that gives `answers`; `None` if there is no curl to do it with.
fn attempt(answers: Vec<Answer>, part: &[u8]) -> Option<(Result<Vec<u8>>, Vec<usize>)> {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: curl is not installed");
        return None;
    }
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("thing.whl");
    if !part.is_empty() {
        fs::write(home.path().join("thing.whl.part"), part).unwrap();
    }
    let (url, starts) = serve(answers);
    let source = Source {
        url,
        ..Source::default()
    };
    let result = download(&source, &target, EXPECTED, Duration::ZERO).map(|()| fs::read(&target).unwrap());
    let starts = starts.lock().unwrap().clone();
    Some((result, starts))
}

#[test]
fn a_broken_download_goes_on_where_it_stopped() {
    let Some((result, starts)) = attempt(vec![Answer::Break(10), Answer::Rest], b"") else {
        return;
    };
    assert_eq!(result.unwrap(), CONTENT);
    assert_eq!(starts, [0, 10]);
}

#[test]
fn a_download_goes_on_in_another_run() {
    let Some((result, starts)) = attempt(vec![Answer::Rest], &CONTENT[..20]) else {
        return;
    };
    assert_eq!(result.unwrap(), CONTENT);
    assert_eq!(starts, [20]);
}

#[test]
fn a_finished_part_is_not_downloaded_again() {
    let Some((result, starts)) = attempt(vec![], CONTENT) else {
        return;
    };
    assert_eq!(result.unwrap(), CONTENT);
    assert!(starts.is_empty());
}

#[test]
fn a_server_without_ranges_is_asked_for_everything() {
    let Some((result, starts)) = attempt(vec![Answer::NoRanges, Answer::Rest], &CONTENT[..5]) else {
        return;
    };
    assert_eq!(result.unwrap(), CONTENT);
    assert_eq!(starts, [5, 0]);
}

#[test]
fn a_file_that_is_not_there_is_asked_for_once() {
    let Some((result, starts)) = attempt(vec![Answer::Missing], b"") else {
        return;
    };
    let error = result.unwrap_err().to_string();
    assert!(error.contains("404") && error.contains("thing.whl"), "{error}");
    assert!(
        !error.contains("127.0.0.1"),
        "addresses can hold passwords: {error}"
    );
    assert_eq!(starts, [0]);
}

#[test]
fn a_damaged_part_is_found_out() {
    let Some((result, _)) = attempt(vec![Answer::Rest], b"wrong") else {
        return;
    };
    assert!(result.unwrap_err().to_string().contains("SHA-256 found"));
}
