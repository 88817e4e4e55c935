//! What kind of machine this is.

/// Whether the pinned wheels run here.
pub(crate) const WHEELS_FIT: bool = cfg!(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_env = "gnu"
));

/// System and processor, for messages.
pub(crate) fn name() -> String {
    let libc = if cfg!(target_env = "musl") {
        " with musl"
    } else {
        ""
    };
    format!("{} on {}{libc}", std::env::consts::OS, std::env::consts::ARCH)
}
