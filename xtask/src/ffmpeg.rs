//! ffmpeg, to which the tests of the decoder compare: a program in a Python package, which needs no libraries.

use std::path::PathBuf;

use crate::deps::Deps;
use crate::download::Expected;
use crate::python::{Edition, Package};
use crate::wheel::Wheel;

/// Where the program lies in its folder.
const PROGRAM: &str = "ffmpeg";

pub(crate) const PACKAGE: Package = Package {
    name: "imageio_ffmpeg",
    version: "0.8.1",
    what: "ffmpeg",
    disk_mb: 173,
    without: "What is heard of a file is compared to an ffmpeg that is installed, or to none",
    editions: &Edition::for_each(&[WHEEL]),
};

const WHEEL: Wheel = Wheel {
    project: "imageio_ffmpeg",
    file: "imageio_ffmpeg-0.8.1-py3-none-manylinux_2_28_x86_64.whl",
    expected: Expected {
        bytes: 67_998_402,
        sha256: "050d6850601c3b3890bd2b28306f3b842b3daea390a561101174375a1c460bda",
    },
    take: &[
        ("imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v9.0.2", PROGRAM),
        (
            "imageio_ffmpeg-0.8.1.dist-info/licenses/",
            "licenses/imageio_ffmpeg/",
        ),
    ],
};

/// The program, fetched unless it is there; `None` where it cannot be had.
pub(crate) fn ensure_optional(deps: &Deps) -> Option<PathBuf> {
    let program = PACKAGE.ensure_optional(deps)?.join(PROGRAM);
    // Wheels do not say what is a program.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let runs = std::fs::Permissions::from_mode(0o755);
        if let Err(error) = std::fs::set_permissions(&program, runs) {
            eprintln!("{}: {}: {error}", PACKAGE.without, program.display());
            return None;
        }
    }
    Some(program)
}
