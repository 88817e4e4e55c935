//! The audio thread calls no system while the plugin processes: no lock that waits, no sleep, no file. The kernel is asked to end the
//! process at any call of that thread, and the thread goes on playing.
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

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, exit};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use host::{BLOCK, RATE};

const CHILD: &str = "ECHOMETER_TEST_SYSTEM_CALLS";
/// What a child ends with where the kernel will not watch it.
const UNWATCHED: i32 = 4;
const A_SECOND: usize = RATE as usize / BLOCK;

/// What the audio thread says, by the only way that is left to it.
static SAID: AtomicU8 = AtomicU8::new(NOTHING);
const NOTHING: u8 = 0;
const PLAYED: u8 = 1;
const NOT_WATCHED: u8 = 2;

/// What the child process does; without its variable this is no test.
#[test]
fn child() {
    let Ok(what) = std::env::var(CHILD) else {
        return;
    };
    // Two threads as in a host; the plugin's own analysis is a third.
    let audio = thread::spawn(move || play(&what));
    while SAID.load(Ordering::Relaxed) == NOTHING && !audio.is_finished() {
        thread::sleep(Duration::from_millis(10));
    }
    exit(match SAID.load(Ordering::Relaxed) {
        PLAYED => 0,
        NOT_WATCHED => UNWATCHED,
        _ => 1,
    });
}

/// From here on, any system call of this thread ends the process. Whether the kernel agreed.
fn forbid_system_calls() -> bool {
    // The classic filter's only word: end the process, by a signal that a debugger sees.
    let mut steps = [libc::sock_filter {
        code: (libc::BPF_RET | libc::BPF_K) as u16,
        jt: 0,
        jf: 0,
        k: libc::SECCOMP_RET_TRAP,
    }];
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

fn play(what: &str) {
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
        return SAID.store(NOT_WATCHED, Ordering::Relaxed);
    }
    match what {
        "yield" => thread::yield_now(),
        "log" => eprintln!("a line"),
        _ => {}
    }
    // In time: a host that is faster renders, and then the plugin waits for its meters. Looking at the clock is no system call.
    let begun = Instant::now();
    for block in 0..3 * A_SECOND {
        while begun.elapsed() < Duration::from_secs_f64((block * BLOCK) as f64 / f64::from(RATE)) {
            std::hint::spin_loop();
        }
        host::play(&mut processor, &mut seed, |process| process());
    }
    SAID.store(PLAYED, Ordering::Relaxed);
    loop {
        std::hint::spin_loop(); // Until the process is gone: a thread that is watched so cannot end in good order.
    }
}

fn run(what: &str) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "child", "--nocapture"]).env(CHILD, what);
    child.output().unwrap()
}

/// Whether looking at the clock is no system call here: some clocks only the kernel can read.
fn reads_the_clock_itself() -> bool {
    let source = std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let known = [
        "tsc",
        "kvm-clock",
        "arch_sys_counter",
        "hyperv_clocksource_tsc_page",
    ];
    source.is_ok_and(|source| known.contains(&source.trim()))
}

#[test]
fn processing_calls_no_system() {
    if !reads_the_clock_itself() {
        return eprintln!("skipped: this machine's clock is read by a system call");
    }
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
    for planted in ["yield", "log"] {
        assert_eq!(run(planted).status.signal(), Some(libc::SIGSYS), "{planted}");
    }
}
