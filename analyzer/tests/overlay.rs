//! The overlay in a real browser: a headless Chromium, where there is one, opens it and sees the bars move.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;
#[path = "common/serving.rs"]
mod serving;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serving::{PATIENCE, Server};
use tungstenite::{Message, WebSocket};

/// A browser, spoken to over its debugging protocol.
struct Browser {
    child: Child,
    socket: WebSocket<TcpStream>,
    session: Value,
    calls: u64,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// `None`, and a word, where there is none.
    fn start() -> Option<Self> {
        let names = std::env::var("ECHOMETER_CHROMIUM").ok();
        let name = names
            .into_iter()
            .chain(["chromium", "chromium-browser", "google-chrome"].map(String::from))
            .find(|name| {
                Command::new(name)
                    .arg("--version")
                    .output()
                    .is_ok_and(|output| output.status.success())
            });
        let Some(name) = name else {
            println!(
                "skipped: there is no Chromium (apt-get install chromium; ECHOMETER_CHROMIUM names one)"
            );
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(name)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
            ])
            .arg("--remote-allow-origins=*")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let url = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix("DevTools listening on ").map(String::from))
            .unwrap();
        let host = url
            .strip_prefix("ws://")
            .and_then(|rest| rest.split('/').next())
            .unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(url.as_str(), stream).unwrap();
        let mut browser = Self {
            child,
            socket,
            session: Value::Null,
            calls: 0,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = attached["sessionId"].clone();
        Some(browser)
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut request = json!({"id": self.calls, "method": method, "params": params});
        if self.session.is_string() {
            request["sessionId"] = self.session.clone();
        }
        self.socket.send(Message::text(request.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else {
                continue;
            };
            let answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == self.calls {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn open(&mut self, url: &str, (width, height): (u32, u32)) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        // As streaming software does: what the page does not paint is transparent.
        self.call(
            "Emulation.setDefaultBackgroundColorOverride",
            json!({"color": {"r": 0, "g": 0, "b": 0, "a": 0}}),
        );
        self.call("Page.navigate", json!({"url": url}));
    }

    fn evaluate(&mut self, script: &str) -> Value {
        let params = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        self.call("Runtime.evaluate", params)["result"]["value"].clone()
    }

    /// Asks until the answer is as wanted.
    fn until(&mut self, script: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.evaluate(script);
            if wanted(&value) {
                return value;
            }
            assert!(Instant::now() < deadline, "{script} is still {value}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The page as it looks, kept where `ECHOMETER_SCREENSHOTS` names a folder.
    fn screenshot(&mut self, name: &str) {
        let Ok(folder) = std::env::var("ECHOMETER_SCREENSHOTS") else {
            return;
        };
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let mut decoder = Command::new("base64")
            .arg("-d")
            .stdin(Stdio::piped())
            .stdout(std::fs::File::create(Path::new(&folder).join(name)).unwrap())
            .spawn()
            .unwrap();
        let data = shot["data"].as_str().unwrap();
        decoder.stdin.take().unwrap().write_all(data.as_bytes()).unwrap();
        decoder.wait().unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Names, and where the needles stand, as parts of their tracks.
const NEEDLES: &str = "Object.fromEntries([...document.querySelectorAll('.meter')].map(meter => {
    const track = meter.querySelector('.track').getBoundingClientRect();
    const needle = meter.querySelector('.needle').getBoundingClientRect();
    return [meter.dataset.feature, (needle.x + needle.width / 2 - track.x) / track.width];
}))";

#[test]
fn a_browser_sees_the_bars_move() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let mut server = Server::start(&[]);
    let url = format!("http://{}", server.address);
    browser.open(&url, (320, 460));
    browser.until("document.querySelectorAll('.meter:not(.none)').length", |count| {
        count == 8
    });
    let order =
        browser.evaluate("[...document.querySelectorAll('.meter')].map(meter => meter.dataset.feature)");
    let expected = [
        "danceability",
        "energy",
        "liveness",
        "valence",
        "acousticness",
        "instrumentalness",
        "speechiness",
        "loudness",
    ];
    assert_eq!(order, json!(expected));
    let first = browser.evaluate(NEEDLES);
    let moved = browser.until(NEEDLES, |now| now != &first);
    for name in expected {
        assert!(
            (0.0..=1.0).contains(&moved[name].as_f64().unwrap()),
            "{name}: {moved}"
        );
    }
    // What is shown is what was read: the snapshot is at most a reading older.
    let shown = browser.until(
        "document.querySelector('.meter .value').textContent",
        Value::is_string,
    );
    let digits: f64 = shown.as_str().unwrap().parse().unwrap();
    let snapshot: Value = serde_json::from_str(&server.get("/snapshot").1).unwrap();
    assert!(
        (digits - snapshot["danceability"].as_f64().unwrap()).abs() < 0.1,
        "{shown} and {snapshot}"
    );
    let ground = "[document.documentElement, document.body].map(e => getComputedStyle(e).backgroundColor)";
    assert_eq!(
        browser.evaluate(ground),
        json!(["rgba(0, 0, 0, 0)", "rgba(0, 0, 0, 0)"])
    );
    browser.screenshot("column.png");

    browser.open(
        &format!("{url}/?features=energy,valence&layout=row&size=200&ground=00ff00&numbers=off"),
        (700, 200),
    );
    browser.until("document.querySelectorAll('.meter:not(.none)').length", |count| {
        count == 2
    });
    assert_eq!(
        browser.evaluate("getComputedStyle(document.body).backgroundColor"),
        json!("rgb(0, 255, 0)")
    );
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.value').length"),
        json!(0)
    );
    browser.screenshot("row.png");
    browser.open(&format!("{url}/?features=tempo"), (700, 200));
    browser.until("document.body.textContent", |text| {
        text.as_str()
            .is_some_and(|text| text.contains("features=tempo: they are danceability"))
    });

    browser.open(&format!("{url}/?layout=grid&ground=dark"), (860, 260));
    browser.until("document.querySelectorAll('.meter:not(.none)').length", |count| {
        count == 8
    });
    browser.evaluate("new Promise(done => setTimeout(done, 1000))");
    browser.screenshot("grid.png");
    // Without the analyzer the meters fade, and say nothing.
    server.interrupt();
    browser.until(
        "document.querySelector('main').classList.contains('idle')",
        |idle| idle == &json!(true),
    );
}
