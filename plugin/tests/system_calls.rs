//! The audio thread calls no system while the plugin processes: no lock that waits, no sleep, no file. The kernel is asked to end the
//! process at any call of that thread but `write`, and the thread goes on playing.
#![cfg(target_os = "linux")]
// The whole file is tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unsafe_code,
    missing_docs
)]

#[path = "../benches/host/mod.rs"]
mod host;

use std::io::{Read, Write, pipe};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, exit};
use std::thread;
use std::time::{Duration, Instant};

use host::{BLOCK, RATE};

const CHILD: &str = "ECHOMETER_TEST_SYSTEM_CALLS";
/// What a child ends with where the kernel will not watch it.
const UNWATCHED: i32 = 4;
const A_SECOND: usize = RATE as usize / BLOCK;

/// What the child process does; without its variable this is no test.
#[test]
fn child() {
    let Ok(what) = std::env::var(CHILD) else {
        return;
    };
    let (mut heard, mut say) = pipe().unwrap();
    // Two threads as in a host; the plugin's own analysis is a third.
    thread::spawn(move || play(&what, &mut say));
    let mut word = [0];
    heard.read_exact(&mut word).unwrap();
    exit(if word == *b"u" { UNWATCHED } else { 0 });
}

/// From here on, any system call of this thread but `write` ends the process. Whether the kernel agreed.
fn forbid_system_calls() -> bool {
    // The classic filter's words: load the call's number; is it write? Then allow it; else end the process by a signal that a debugger sees.
    let step = |code: u32, jt, jf, k| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            0,
            1,
            libc::SYS_write as u32,
        ),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_TRAP),
    ];
    let filter = libc::sock_fprog {
        len: steps.len() as u16,
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: the filter and its steps live until both calls have returned, and the kernel copies them.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) == 0
    }
}

fn play(what: &str, say: &mut impl Write) {
    let entry = host::load();
    let mut instance = host::instance(&entry);
    let mut processor = host::start(&mut instance);
    let mut seed = 1;
    // The model is loaded, and everything that is made once is made.
    for block in 0..4 * A_SECOND {
        host::play(&mut processor, &mut seed, |process| process());
        if block % 64 == 0 {
            thread::sleep(Duration::from_millis(20));
        }
    }
    if !forbid_system_calls() {
        say.write_all(b"u").unwrap();
        return;
    }
    if what == "planted" {
        thread::yield_now();
    }
    // In time: a host that is faster renders, and then the plugin waits for its meters. Looking at the clock is no system call.
    let begun = Instant::now();
    for block in 0..3 * A_SECOND {
        while begun.elapsed() < Duration::from_secs_f64((block * BLOCK) as f64 / f64::from(RATE)) {
            std::hint::spin_loop();
        }
        host::play(&mut processor, &mut seed, |process| process());
    }
    say.write_all(b"p").unwrap();
    loop {
        std::hint::spin_loop(); // Until the process is gone: a thread that is watched so cannot end in good order.
    }
}

fn run(what: &str) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "child", "--nocapture"]).env(CHILD, what);
    child.output().unwrap()
}

#[test]
fn processing_calls_no_system() {
    let played = run("");
    if played.status.code() == Some(UNWATCHED) {
        return eprintln!("skipped: the kernel does not let a process watch itself (seccomp)");
    }
    let said = String::from_utf8_lossy(&played.stderr);
    assert!(
        played.status.success(),
        "the audio thread called the system ({}): {said}",
        played.status
    );
    // The check must be able to fail.
    assert_eq!(run("planted").status.signal(), Some(libc::SIGSYS));
}
