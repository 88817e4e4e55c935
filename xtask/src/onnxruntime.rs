//! ONNX Runtime for the tests that compare it with the embedded backend: the user's own, or a pinned one.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::deps::Deps;
use crate::download::Expected;
use crate::wheel::Wheel;

/// Any version from 1.24 on has the interface that `ort` asks for.
pub(crate) const VERSION: &str = "1.32.0";
/// What is kept, for the announcement.
const DISK_MB: u64 = 35;

const WHEEL: Wheel = Wheel {
    project: "onnxruntime",
    file: "onnxruntime-1.32.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    expected: Expected {
        bytes: 27_780_211,
        sha256: "99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8",
    },
    take: &[
        ("onnxruntime/capi/libonnxruntime.so.1.32.0", "libonnxruntime.so"),
        ("onnxruntime/LICENSE", "LICENSE"),
        ("onnxruntime/ThirdPartyNotices.txt", "ThirdPartyNotices.txt"),
    ],
};

/// What the finished folder's stamp says.
fn stamp() -> String {
    format!(
        "onnxruntime layout 1 version {VERSION}\n{} {}\n",
        WHEEL.expected.sha256, WHEEL.file
    )
}

fn library(deps: &Deps) -> PathBuf {
    deps.folder("onnxruntime").join("libonnxruntime.so")
}

/// The library that is there already, if any: what `chosen` (the value of `ORT_DYLIB_PATH`) names, or the
/// fetched one.
pub(crate) fn present(deps: &Deps, chosen: Option<OsString>) -> Result<Option<PathBuf>> {
    if let Some(library) = chosen.filter(|value| !value.is_empty()).map(PathBuf::from) {
        if !library.is_file() {
            bail!(
                "ORT_DYLIB_PATH is set to {}, which is no file; set it to the ONNX Runtime library itself \
                 (libonnxruntime.so, .dylib or onnxruntime.dll), or unset it",
                library.display()
            );
        }
        return Ok(Some(library));
    }
    Ok(deps.is_current("onnxruntime", &stamp()).then(|| library(deps)))
}

/// Fetches ONNX Runtime unless it is there.
pub(crate) fn ensure(deps: &Deps) -> Result<PathBuf> {
    if !crate::host::WHEELS_FIT {
        bail!(
            "ONNX Runtime {VERSION} can be fetched for Linux on x86-64 with glibc only, and this is {}.\n\
             Set ORT_DYLIB_PATH to the library of an ONNX Runtime of version 1.24 or newer for this system; the \
             Python package `onnxruntime` holds one in its folder `capi`.",
            crate::host::name()
        );
    }
    deps.ensure("onnxruntime", &stamp(), |folder| {
        eprintln!(
            "Installing ONNX Runtime {VERSION} (CPU) into {}: {} MB to download, {DISK_MB} MB on disk",
            deps.folder("onnxruntime").display(),
            WHEEL.expected.bytes / 1_000_000,
        );
        WHEEL.unpack(deps, folder)
    })?;
    Ok(library(deps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_the_user_is_taken_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let deps = Deps::new(home.path(), None).unwrap();
        assert!(present(&deps, None).unwrap().is_none());
        let theirs = home.path().join("libonnxruntime.so");
        let error = present(&deps, Some(theirs.clone().into()))
            .unwrap_err()
            .to_string();
        assert!(error.contains("ORT_DYLIB_PATH is set to"), "{error}");
        std::fs::write(&theirs, "").unwrap();
        assert_eq!(present(&deps, Some(theirs.clone().into())).unwrap(), Some(theirs));
    }
}
