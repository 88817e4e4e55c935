//! Lets the trainer find libtorch at run time: beside an installation, else where it was built against.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
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
