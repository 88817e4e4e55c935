//! A program that reaches no network: the kernel ends it when it opens a socket of the internet, be it only to look up a name.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;

use libc::{AF_INET, AF_INET6, SYS_socket};
use seccompiler::{SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use crate::system_calls::{SIGSYS, watch};

/// Starts `command` so; `None` where the kernel does not watch.
pub fn spawn(mut command: Command) -> Option<Child> {
    let family = |family: i32| {
        let is = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family as u64);
        is.and_then(|is| SeccompRule::new(vec![is])).expect("a rule")
    };
    let sockets = [(SYS_socket, vec![family(AF_INET), family(AF_INET6)])];
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
