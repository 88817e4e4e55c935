//! Lets the trainer find libtorch at run time – beside an installation, else where it was built against – and know the commit
//! that it was built from.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    tell_revision();
    if cfg!(target_os = "windows") {
        return; // Windows looks in PATH.
    }
    let origin = if cfg!(target_os = "macos") {
        "@executable_path"
    } else {
        "$ORIGIN"
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}/../lib/echometer/libtorch/lib");
    if let Ok(folder) = std::env::var("LIBTORCH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}/lib");
    }
}

/// Sets `ECHOMETER_REVISION` to the commit that is built, where that is known: every run of the grid records it.
fn tell_revision() {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let Some(revision) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return; // Built from an archive.
    };
    println!("cargo:rustc-env=ECHOMETER_REVISION={revision}");
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={log}");
    }
}
