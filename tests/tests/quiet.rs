//! What happens on a machine stays there, whatever ONNX Runtime's makers built into it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::env;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use echometer_engine::{Device, Model, QUIET};
use echometer_models::default_model;
use echometer_tests::{analyzer, demo, offline, skip, write_wav};

/// Builds that report leave a file at once and open their first socket some ten seconds later.
const LONG: Duration = Duration::from_secs(15);
const CHILD: &str = "ECHOMETER_TEST_QUIET";

/// `program` with nothing of this environment but what it takes to find libraries: not the variable, nor any that tells a build that
/// reports that this machine only tests. All that it leaves behind is in `home`.
fn at_home(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    let kept = |name: &str| Some((name.to_owned(), env::var_os(name)?));
    command
        .env_clear()
        .envs(["ORT_DYLIB_PATH", "LD_LIBRARY_PATH"].into_iter().filter_map(kept))
        .env("HOME", home)
        .current_dir(home);
    command
}

/// A library that knows the variable is one that reports.
fn reports(library: &Path) -> bool {
    let variable = QUIET.0.as_bytes();
    let bytes = std::fs::read(library).unwrap();
    bytes.windows(variable.len()).any(|window| window == variable)
}

#[test]
fn a_program_on_onnx_runtime_opens_no_socket_and_leaves_nothing_behind() {
    let Some(library) = env::var_os("ORT_DYLIB_PATH") else {
        return skip("ORT_DYLIB_PATH names no ONNX Runtime; `cargo xtask test` sets it up");
    };
    if !reports(library.as_ref()) {
        return skip("this build of ONNX Runtime has nothing that reports");
    }
    let (home, sound) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (samples, format) = demo("dance");
    let wav = sound.path().join("dance.wav");
    write_wav(&wav, &samples, format);
    let mut wav = std::fs::read(wav).unwrap();
    // No length: the program waits for more.
    wav[4..8].fill(0xFF);
    wav[40..44].fill(0xFF);

    let mut command = at_home(analyzer(), home.path());
    command.args(["--input", "-", "--device", "cpu", "--format", "jsonl"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Some(mut child) = offline::spawn(command) else {
        return skip("the kernel does not let a process be watched (seccomp)");
    };
    let mut input = child.stdin.take().unwrap();
    let reading = thread::spawn(move || {
        let mut readings = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut readings)
            .unwrap();
        (readings, child.wait().unwrap())
    });
    // How a program ended that does not take it, its status says.
    let _ = input.write_all(&wav);
    thread::sleep(LONG);
    drop(input);
    let (readings, status) = reading.join().unwrap();
    assert!(!offline::was_caught(status), "it opened a socket");
    assert!(status.success(), "{status}");
    assert!(readings.contains(r#""backend":"onnxruntime cpu""#), "{readings}");
    let left: Vec<_> = home.path().read_dir().unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_socket_would_be_seen() {
    let home = tempfile::tempdir().unwrap();
    let mut command = at_home(analyzer(), home.path());
    command.args(["--input", "demo", "--device", "embedded", "--osc", "127.0.0.1:9"]);
    command.args(["--format", "jsonl"]).stdout(Stdio::null());
    let Some(mut child) = offline::spawn(command) else {
        return skip("the kernel does not let a process be watched (seccomp)");
    };
    let status = child.wait().unwrap();
    assert!(offline::was_caught(status), "{status}");
}

/// As in a host that knows nothing of it.
#[test]
fn onnx_runtime_is_not_used_where_it_could_report() {
    if env::var_os(CHILD).is_some() {
        let error = Model::load(&default_model(), Device::Cpu)
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("ORT_DISABLE_TELEMETRY is not set") && !error.contains("install"),
            "{error}"
        );
        let model = Model::load(&default_model(), Device::Auto).unwrap();
        assert_eq!(model.runtime().device(), Device::Embedded);
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut child = at_home(&env::current_exe().unwrap(), home.path());
    child.args(["--exact", "onnx_runtime_is_not_used_where_it_could_report"]);
    let output = child.env(CHILD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
