//! A program that reaches no network: the kernel ends it when it opens any socket but one of this machine's own (`AF_UNIX`).

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;

use libc::{AF_UNIX, SIGSYS, SYS_socket};
use seccompiler::{SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use crate::system_calls::watch;

/// Starts `command` so; `None` where the kernel does not watch.
pub fn spawn(mut command: Command) -> Option<Child> {
    let other = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, AF_UNIX as u64);
    let rule = other
        .and_then(|other| SeccompRule::new(vec![other]))
        .expect("a rule");
    let sockets = [(SYS_socket, vec![rule])];
    // What is forbidden to a thread stays so, and for all that it starts.
    let started = thread::spawn(move || {
        watch(sockets.into(), SeccompAction::Allow, SeccompAction::Trap)
            .then(|| command.spawn().expect("the program is there"))
    });
    started.join().expect("the program starts")
}

/// Whether that is how a program ended.
pub fn was_caught(status: ExitStatus) -> bool {
    status.signal() == Some(SIGSYS)
}
