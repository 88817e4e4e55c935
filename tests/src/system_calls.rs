//! A thread that calls no system: no lock that waits, no sleep, no file. The kernel is asked to end the process at any call of
//! that thread. So that only a child ends, the test's program is started again for one of its tests, which calls [`child`].

use std::collections::BTreeMap;
use std::env;
use std::hint::spin_loop;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, exit};
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use libc::SIGSYS;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, SeccompRule, apply_filter};

use crate::skip;

const CHILD: &str = "ECHOMETER_TEST_SYSTEM_CALLS";
/// What a child ends with: its work is done, or the kernel will not watch it. A test program's own codes are others.
const WORKED: i32 = 3;
const UNWATCHED: i32 = 4;
/// What it ends with if the watched thread said nothing: that failed before it was watched.
const SILENT: i32 = 1;

/// What the watched thread says, by the only way that is left to it.
static SAID: AtomicI32 = AtomicI32::new(SILENT);

/// In a child process: does what `prepare` returns on a thread that may not call the system, and ends the process. In the
/// usual run of the test that calls this: nothing.
pub fn child<Work: FnMut()>(prepare: impl FnOnce() -> Work + Send + 'static) {
    let Ok(planted) = env::var(CHILD) else {
        return;
    };
    let watched = thread::spawn(move || {
        let mut work = prepare();
        // No call is allowed.
        if !watch([].into(), SeccompAction::Trap, SeccompAction::Allow) {
            return SAID.store(UNWATCHED, Ordering::Relaxed);
        }
        match planted.as_str() {
            "yield" => thread::yield_now(),
            "log" => eprintln!("a line"),
            _ => {}
        }
        work();
        SAID.store(WORKED, Ordering::Relaxed);
        loop {
            spin_loop(); // Until the process is gone: a thread that is watched so cannot end in good order.
        }
    });
    while SAID.load(Ordering::Relaxed) == SILENT && !watched.is_finished() {
        thread::sleep(Duration::from_millis(10));
    }
    end(SAID.load(Ordering::Relaxed));
}

/// Ends the process with this code and without order: another program takes its place. Threads are still at work, and a
/// graphics driver that is told of the end takes from them what they use.
fn end(code: i32) -> ! {
    let lacking = Command::new("/bin/sh")
        .args(["-c", &format!("exit {code}")])
        .exec();
    eprintln!("/bin/sh: {lacking}");
    exit(code);
}

/// Asserts that what the test `child` of this program does calls no system, and that such calls would be seen.
pub fn none(child: &str) {
    let worked = run(child, "");
    let said = String::from_utf8_lossy(&worked.stderr);
    match (worked.status.code(), worked.status.signal()) {
        (Some(WORKED), _) => {}
        (Some(UNWATCHED), _) => return skip("the kernel does not let a process watch itself (seccomp)"),
        (Some(0), _) => panic!("this program has no test `{child}` that calls `child`"),
        (_, Some(SIGSYS)) => panic!("the thread called the system; also a failed assertion does: {said}"),
        _ => panic!("{child} failed before it was watched ({}): {said}", worked.status),
    }
    for planted in ["yield", "log"] {
        assert_eq!(run(child, planted).status.signal(), Some(SIGSYS), "{planted}");
    }
}

/// Whether looking at the clock is no system call here: some clocks only the kernel can read.
pub fn clock_is_free() -> bool {
    let source = std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let known = [
        "tsc",
        "kvm-clock",
        "arch_sys_counter",
        "hyperv_clocksource_tsc_page",
    ];
    source.is_ok_and(|source| known.contains(&source.trim()))
}

fn run(child: &str, planted: &str) -> Output {
    Command::new(env::current_exe().expect("a test is a program"))
        .args(["--exact", child, "--nocapture"])
        .env(CHILD, planted)
        .output()
        .expect("this program runs")
}

/// From here on, the kernel does `listed` at the system calls of this thread, and of what it starts, that `calls` lists, and
/// `other` at the others. Whether it agreed.
pub(crate) fn watch(
    calls: BTreeMap<i64, Vec<SeccompRule>>,
    other: SeccompAction,
    listed: SeccompAction,
) -> bool {
    let Ok(machine) = env::consts::ARCH.try_into() else {
        return false;
    };
    let filter: BpfProgram = SeccompFilter::new(calls, other, listed, machine)
        .and_then(TryInto::try_into)
        .expect("a filter as the kernel wants it");
    apply_filter(&filter).is_ok()
}
