//! The Python package pedalboard: the plugin host of JUCE, for the tests that play music through the plugin in it.
//! Those tests only; nothing of it is linked or shipped.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::deps::Deps;
use crate::download::Expected;
use crate::host;
use crate::wheel::Wheel;

const VERSION: &str = "0.9.26";
/// What is kept, for the announcement.
const DISK_MB: u64 = 97;

/// pedalboard and the NumPy that it needs, for one version of Python.
struct Edition {
    /// How wheels name that version.
    python: &'static str,
    wheels: [Wheel; 2],
}

const EDITIONS: [Edition; 3] = [
    Edition {
        python: "cp311",
        wheels: [
            Wheel {
                project: "pedalboard",
                file: "pedalboard-0.9.26-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                expected: Expected {
                    bytes: 5_051_087,
                    sha256: "16a970a32be619f4066f21ae45f8f23f06480beb4115a57164cbc435c99f64af",
                },
                take: &[
                    ("pedalboard/", "pedalboard/"),
                    ("pedalboard.libs/", "pedalboard.libs/"),
                    ("pedalboard_native/", "pedalboard_native/"),
                    (
                        "pedalboard_native.cpython-311-x86_64-linux-gnu.so",
                        "pedalboard_native.cpython-311-x86_64-linux-gnu.so",
                    ),
                    ("pedalboard-0.9.26.dist-info/licenses/", "licenses/pedalboard/"),
                ],
            },
            Wheel {
                project: "numpy",
                file: "numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                expected: Expected {
                    bytes: 16_918_164,
                    sha256: "89cd468399cfd2504718f0ba50e410dca55a170b61a02ad92bb18c8a65186e93",
                },
                take: &[
                    ("numpy/", "numpy/"),
                    ("numpy.libs/", "numpy.libs/"),
                    ("numpy-2.4.6.dist-info/licenses/", "licenses/numpy/"),
                ],
            },
        ],
    },
    Edition {
        python: "cp312",
        wheels: [
            Wheel {
                project: "pedalboard",
                file: "pedalboard-0.9.26-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                expected: Expected {
                    bytes: 5_047_586,
                    sha256: "38a7e65670d9fccd3179dea5f5c3c97085bb7d6aec041d8524bc6077db553e20",
                },
                take: &[
                    ("pedalboard/", "pedalboard/"),
                    ("pedalboard.libs/", "pedalboard.libs/"),
                    ("pedalboard_native/", "pedalboard_native/"),
                    (
                        "pedalboard_native.cpython-312-x86_64-linux-gnu.so",
                        "pedalboard_native.cpython-312-x86_64-linux-gnu.so",
                    ),
                    ("pedalboard-0.9.26.dist-info/licenses/", "licenses/pedalboard/"),
                ],
            },
            Wheel {
                project: "numpy",
                file: "numpy-2.4.6-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                expected: Expected {
                    bytes: 16_645_538,
                    sha256: "90f9849678c75fe7afa2d348ac842c168b0a4d3d61919687216dfc547976d853",
                },
                take: &[
                    ("numpy/", "numpy/"),
                    ("numpy.libs/", "numpy.libs/"),
                    ("numpy-2.4.6.dist-info/licenses/", "licenses/numpy/"),
                ],
            },
        ],
    },
    Edition {
        python: "cp313",
        wheels: [
            Wheel {
                project: "pedalboard",
                file: "pedalboard-0.9.26-cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                expected: Expected {
                    bytes: 5_047_044,
                    sha256: "0f138351370b7d146f97937c1cdd156616385c1d79c679afa80cd3074b83893c",
                },
                take: &[
                    ("pedalboard/", "pedalboard/"),
                    ("pedalboard.libs/", "pedalboard.libs/"),
                    ("pedalboard_native/", "pedalboard_native/"),
                    (
                        "pedalboard_native.cpython-313-x86_64-linux-gnu.so",
                        "pedalboard_native.cpython-313-x86_64-linux-gnu.so",
                    ),
                    ("pedalboard-0.9.26.dist-info/licenses/", "licenses/pedalboard/"),
                ],
            },
            Wheel {
                project: "numpy",
                file: "numpy-2.4.6-cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                expected: Expected {
                    bytes: 16_633_220,
                    sha256: "a7830bab239b79cda9c08c2da014761cafb48da6150e1da17ac06283f43b6089",
                },
                take: &[
                    ("numpy/", "numpy/"),
                    ("numpy.libs/", "numpy.libs/"),
                    ("numpy-2.4.6.dist-info/licenses/", "licenses/numpy/"),
                ],
            },
        ],
    },
];

/// The folder for `PYTHONPATH`, fetched unless it is there. Where it cannot be had, one line says that the tests
/// are skipped.
pub(crate) fn ensure_optional(deps: &Deps) -> Option<PathBuf> {
    let python = python();
    let edition = EDITIONS
        .iter()
        .find(|edition| host::WHEELS_FIT && Some(edition.python) == python.as_deref());
    let Some(edition) = edition else {
        eprintln!(
            "The tests in a JUCE host are skipped, unless python3 has pedalboard: it can be fetched for {} on Linux on \
             x86-64 with glibc, and this is {} on {}",
            EDITIONS.map(|edition| edition.python).join(", "),
            python.as_deref().unwrap_or("no python3"),
            host::name()
        );
        return None;
    };
    let made = deps.ensure("pedalboard", &stamp(edition), |folder| {
        let bytes: u64 = edition.wheels.iter().map(|wheel| wheel.expected.bytes).sum();
        eprintln!(
            "Installing pedalboard {VERSION} (a plugin host, for tests) into {}: {} MB to download, {DISK_MB} MB on disk",
            deps.folder("pedalboard").display(),
            bytes / 1_000_000,
        );
        edition.wheels.iter().try_for_each(|wheel| wheel.unpack(deps, folder))
    });
    made.inspect_err(|error| eprintln!("The tests in a JUCE host are skipped: {error:#}"))
        .ok()
}

/// What the finished folder's stamp says.
fn stamp(edition: &Edition) -> String {
    let mut stamp = format!("pedalboard layout 1 version {VERSION}\n");
    for wheel in &edition.wheels {
        stamp.push_str(&format!("{} {}\n", wheel.expected.sha256, wheel.file));
    }
    stamp
}

/// The version of python3, as wheels name it.
fn python() -> Option<String> {
    let output = Command::new("python3")
        .args(["-c", "import sys; print('cp%d%d' % sys.version_info[:2])"])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edition_is_for_one_python() {
        for edition in &EDITIONS {
            let stamp = stamp(edition);
            for wheel in &edition.wheels {
                assert!(
                    wheel.file.starts_with(&format!("{}-", wheel.project)),
                    "{}",
                    wheel.file
                );
                assert!(
                    wheel.file.contains(&format!("-{0}-{0}-", edition.python)),
                    "{}",
                    wheel.file
                );
                assert!(stamp.contains(wheel.expected.sha256));
            }
            assert!(edition.wheels[0].file.contains(&format!("-{VERSION}-")));
        }
    }
}
