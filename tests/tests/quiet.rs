//! What happens on a machine stays there, whatever ONNX Runtime's makers built into it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::env;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use echometer_engine::{Device, Model, QUIET_VARIABLE};
use echometer_models::default_model;
use echometer_tests::{analyzer, demo, offline, skip, write_wav};

/// Longer than the ten seconds after which builds that report open their first socket.
const LONG: Duration = Duration::from_secs(15);
const CHILD: &str = "ECHOMETER_TEST_QUIET";
/// Where these are set, builds that report do not, lest they count machines that only test.
const MACHINES: [&str; 4] = ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI"];

/// The command as on a user's machine, whose home is `home`.
fn at_home(mut command: Command, home: &std::path::Path) -> Command {
    for variable in MACHINES.into_iter().chain([QUIET_VARIABLE]) {
        command.env_remove(variable);
    }
    for variable in [
        "HOME",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
    ] {
        command.env(variable, home);
    }
    command
}

#[test]
fn a_program_on_onnx_runtime_opens_no_socket_and_leaves_nothing_behind() {
    if env::var_os("ORT_DYLIB_PATH").is_none() {
        return skip("ORT_DYLIB_PATH names no ONNX Runtime; `cargo xtask test` sets it up");
    }
    let (home, sound) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (samples, format) = demo("dance");
    let wav = sound.path().join("dance.wav");
    write_wav(&wav, &samples, format);
    let mut wav = std::fs::read(wav).unwrap();
    // No length: the program waits for more.
    wav[4..8].fill(0xFF);
    wav[40..44].fill(0xFF);

    let mut command = at_home(Command::new(analyzer()), home.path());
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
    input.write_all(&wav).unwrap();
    thread::sleep(LONG);
    drop(input);
    let (readings, status) = reading.join().unwrap();
    assert!(!offline::was_caught(status), "it opened a socket of the internet");
    assert!(status.success(), "{status}");
    assert!(readings.contains(r#""backend":"onnxruntime cpu""#), "{readings}");
    let left: Vec<_> = home.path().read_dir().unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_socket_of_the_internet_would_be_seen() {
    let home = tempfile::tempdir().unwrap();
    let mut command = at_home(Command::new(analyzer()), home.path());
    command.args([
        "--input",
        "demo",
        "--device",
        "embedded",
        "--format",
        "jsonl",
        "--osc",
        "127.0.0.1:9",
    ]);
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
        let error = Model::load(&default_model(), Device::Cpu).err().unwrap();
        assert!(error.to_string().contains("ORT_DISABLE_TELEMETRY=1"), "{error}");
        let model = Model::load(&default_model(), Device::Auto).unwrap();
        assert_eq!(model.runtime().device(), Device::Embedded);
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut child = at_home(Command::new(env::current_exe().unwrap()), home.path());
    child.args(["--exact", "onnx_runtime_is_not_used_where_it_could_report"]);
    let output = child.env(CHILD, "1").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
