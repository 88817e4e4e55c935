//! What measurements share: figures beside their goals, and what this process takes of the system.

/// Prints a figure that should be at most `most`; `cargo xtask bench` gathers these lines.
pub fn goal(name: &str, found: f64, most: f64) {
    let verdict = if found <= most { "met" } else { "missed" };
    println!("{name}: {found:.4}, goal ≤ {most:.4} … {verdict}");
}

/// Whether a benchmark should only take a glance.
pub fn quick() -> bool {
    std::env::var_os("ECHOMETER_QUICK").is_some()
}

/// Bytes of this process's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// In the machine's memory now, without what is there of files: the system takes and brings that as it likes.
    pub resident: usize,
    /// Reserved as addresses, used or not.
    pub mapped: usize,
}

/// The memory of this process, where the system says (Linux).
pub fn memory() -> Option<Memory> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let bytes = |name: &str| {
        let mut lines = status.lines();
        let kilobytes = lines.find_map(|line| line.strip_prefix(name)?.strip_suffix("kB"))?;
        kilobytes.trim().parse::<usize>().ok().map(|found| found * 1024)
    };
    Some(Memory {
        resident: bytes("RssAnon:")?,
        mapped: bytes("VmSize:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_taken_is_seen() {
        let Some(before) = memory() else {
            crate::skip("this system does not say what memory a process takes");
            return;
        };
        let taken = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = memory().unwrap();
        assert!(
            after.mapped >= before.mapped + (32 << 20),
            "{before:?}, {after:?}"
        );
        assert!(
            after.resident >= before.resident + (32 << 20),
            "{before:?}, {after:?}"
        );
        drop(taken);
    }
}
