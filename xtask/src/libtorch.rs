//! libtorch for the trainer: the user's own, or the CPU part of a pinned one.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::deps::Deps;
use crate::download::Expected;
use crate::wheel::Wheel;

/// The version that `tch` in the root Cargo.lock is made for; its build script checks it.
pub(crate) const VERSION: &str = "2.11.0";
/// What is kept, for the announcement.
const DISK_MB: u64 = 500;

/// The CUDA libraries (another gigabyte) stay out. `libtorch_cpu.so` of this build still names two small CUDA
/// libraries, so these come from their own wheels.
const WHEELS: [Wheel; 3] = [
    Wheel {
        project: "torch",
        file: "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        expected: Expected {
            bytes: 530_712_279,
            sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        },
        take: &[
            ("torch/include/", "include/"),
            ("torch/lib/libc10.so", "lib/libc10.so"),
            ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
            ("torch/lib/libgomp.so.1", "lib/libgomp.so.1"),
            ("torch-2.11.0.dist-info/licenses/", "licenses/torch/"),
        ],
    },
    Wheel {
        project: "nvidia-cuda-runtime",
        file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        expected: Expected {
            bytes: 2_243_632,
            sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        },
        take: &[
            ("nvidia/cu13/lib/libcudart.so.13", "lib/libcudart.so.13"),
            (
                "nvidia_cuda_runtime-13.0.96.dist-info/licenses/",
                "licenses/nvidia-cuda-runtime/",
            ),
        ],
    },
    Wheel {
        project: "nvidia-cuda-cupti",
        file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
        expected: Expected {
            bytes: 10_715_597,
            sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        },
        take: &[
            ("nvidia/cu13/lib/libcupti.so.13", "lib/libcupti.so.13"),
            (
                "nvidia_cuda_cupti-13.0.85.dist-info/licenses/",
                "licenses/nvidia-cuda-cupti/",
            ),
        ],
    },
];

/// A libtorch to build and run the trainer with.
#[derive(Debug, Clone)]
pub(crate) struct Libtorch {
    /// The folder with `include/` and `lib/`.
    pub(crate) folder: PathBuf,
    /// Whether the user named it (`LIBTORCH`) rather than this program fetching it.
    pub(crate) from_user: bool,
}

impl Libtorch {
    /// The libraries.
    pub(crate) fn lib(&self) -> PathBuf {
        self.folder.join("lib")
    }
}

/// What the finished folder's stamp says.
pub(crate) fn stamp() -> String {
    // The number before the version counts changes in what is taken out of the wheels.
    let mut stamp = format!("libtorch layout 1 version {VERSION}\n");
    for wheel in &WHEELS {
        stamp.push_str(&format!("{} {}\n", wheel.expected.sha256, wheel.file));
    }
    stamp
}

/// The libtorch that is there already, if any: what `chosen` (the value of `LIBTORCH`) names, or the fetched one.
pub(crate) fn present(deps: &Deps, chosen: Option<OsString>) -> Result<Option<Libtorch>> {
    if let Some(folder) = chosen.filter(|value| !value.is_empty()).map(PathBuf::from) {
        return from_user(folder).map(Some);
    }
    let fetched = Libtorch {
        folder: deps.folder("libtorch"),
        from_user: false,
    };
    Ok(deps.is_current("libtorch", &stamp()).then_some(fetched))
}

/// Fetches libtorch unless it is there.
pub(crate) fn ensure(deps: &Deps) -> Result<Libtorch> {
    if !crate::host::WHEELS_FIT {
        bail!(
            "libtorch {VERSION} can be fetched for Linux on x86-64 with glibc only, and this is {}.\n\
             Unpack libtorch {VERSION} for this system (or use the `torch` folder of an installed Python package \
             of that version) and set LIBTORCH to the folder that holds its `lib` and `include`.",
            crate::host::name()
        );
    }
    let folder = deps.ensure("libtorch", &stamp(), |folder| {
        let download: u64 = WHEELS.iter().map(|wheel| wheel.expected.bytes).sum();
        eprintln!(
            "Installing libtorch {VERSION} (CPU) into {}: {} MB to download, {DISK_MB} MB on disk",
            deps.folder("libtorch").display(),
            download / 1_000_000,
        );
        for wheel in &WHEELS {
            wheel.unpack(deps, folder)?;
        }
        make_empty_library(&folder.join("lib/libtorch.so"))?;
        // tch's build script compares this with the version it is made for.
        let version = folder.join("build-version");
        fs::write(&version, VERSION).with_context(|| format!("cannot write {}", version.display()))
    })?;
    Ok(Libtorch {
        folder,
        from_user: false,
    })
}

/// Checks the folder that the user named before a compiler fails on it obscurely.
fn from_user(folder: PathBuf) -> Result<Libtorch> {
    let names = [
        "libtorch_cpu.so",
        "libtorch_cpu.dylib",
        "torch_cpu.lib",
        "libtorch.so",
        "libtorch.dylib",
    ];
    if !names.iter().any(|name| folder.join("lib").join(name).exists()) {
        bail!(
            "LIBTORCH is set to {}, but its folder `lib` holds no libtorch; set it to the folder that holds \
             libtorch's `lib` and `include`, or unset it to have libtorch fetched",
            folder.display()
        );
    }
    Ok(Libtorch {
        folder,
        from_user: true,
    })
}

/// tch asks the linker for `-ltorch`; in the wheel that library only ties in CUDA, so an empty one stands in.
fn make_empty_library(path: &Path) -> Result<()> {
    let mut child = Command::new("cc")
        .args(["-shared", "-Wl,-soname,libtorch.so", "-x", "c", "-", "-o"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .context(
            "cannot start the C compiler `cc`; install one (Debian, Ubuntu: `sudo apt-get install -y gcc`)",
        )?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(b"\n").context("cannot write to the C compiler")?;
    }
    let status = child.wait().context("cannot wait for the C compiler")?;
    if !status.success() {
        bail!(
            "the C compiler could not make {}: it ended with {status}",
            path.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_libtorch_of_the_user_is_taken_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let deps = Deps::new(home.path(), None).unwrap();
        let theirs = home.path().join("theirs");
        fs::create_dir_all(theirs.join("lib")).unwrap();
        let error = present(&deps, Some(theirs.clone().into()))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("LIBTORCH is set to") && error.contains("theirs"),
            "{error}"
        );
        fs::write(theirs.join("lib/libtorch_cpu.so"), "").unwrap();
        let found = present(&deps, Some(theirs.clone().into())).unwrap().unwrap();
        assert!(found.from_user);
        assert_eq!(found.folder, theirs);
    }

    #[test]
    fn an_unfinished_libtorch_does_not_count() {
        let home = tempfile::tempdir().unwrap();
        let deps = Deps::new(home.path(), None).unwrap();
        fs::create_dir_all(deps.folder("libtorch/lib")).unwrap();
        assert!(present(&deps, None).unwrap().is_none());
        fs::write(deps.folder("libtorch/.stamp"), stamp()).unwrap();
        assert!(present(&deps, None).unwrap().is_some());
    }

    #[test]
    fn hashes_are_whole() {
        for wheel in &WHEELS {
            assert_eq!(wheel.expected.sha256.len(), 64);
            assert!(
                wheel
                    .expected
                    .sha256
                    .bytes()
                    .all(|digit| b"0123456789abcdef".contains(&digit))
            );
        }
    }
}
