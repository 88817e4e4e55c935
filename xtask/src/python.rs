//! Python packages for tests: fetched for the python3 that is there, into a folder for `PYTHONPATH`. Nothing is
//! installed into any Python, and nothing of them is linked or shipped.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::deps::Deps;
use crate::download::Expected;
use crate::host;
use crate::wheel::Wheel;

/// A package with what it needs.
pub(crate) struct Package {
    /// Its name, also of its folder.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// What it is, for the announcement.
    pub(crate) what: &'static str,
    /// What is kept, in MB.
    pub(crate) disk_mb: u64,
    /// What happens without it, ready for a comma or a colon.
    pub(crate) without: &'static str,
    pub(crate) editions: &'static [Edition],
}

/// The wheels for one version of Python.
pub(crate) struct Edition {
    /// How wheels name that version.
    pub(crate) python: &'static str,
    pub(crate) wheels: &'static [Wheel],
}

impl Edition {
    /// The same wheels for each version: they are for any.
    pub(crate) const fn for_each(wheels: &'static [Wheel]) -> [Self; 3] {
        [
            Self {
                python: "cp311",
                wheels,
            },
            Self {
                python: "cp312",
                wheels,
            },
            Self {
                python: "cp313",
                wheels,
            },
        ]
    }
}

impl Package {
    /// The folder for `PYTHONPATH`, fetched unless it is there. Where it cannot be had, one line says what happens
    /// without it.
    pub(crate) fn ensure_optional(&self, deps: &Deps) -> Option<PathBuf> {
        let python = python();
        let edition = self
            .editions
            .iter()
            .find(|edition| host::WHEELS_FIT && Some(edition.python) == python.as_deref());
        let Some(edition) = edition else {
            let known: Vec<_> = self.editions.iter().map(|edition| edition.python).collect();
            eprintln!(
                "{}, unless python3 has {}: it can be fetched for {} on Linux on x86-64 with glibc, and this is {} on {}",
                self.without,
                self.name,
                known.join(", "),
                python.as_deref().unwrap_or("no python3"),
                host::name()
            );
            return None;
        };
        let made = deps.ensure(self.name, &self.stamp(edition), |folder| {
            let bytes: u64 = edition.wheels.iter().map(|wheel| wheel.expected.bytes).sum();
            eprintln!(
                "Installing {} {} ({}, for tests) into {}: {} MB to download, {} MB on disk",
                self.name,
                self.version,
                self.what,
                deps.folder(self.name).display(),
                bytes / 1_000_000,
                self.disk_mb,
            );
            edition
                .wheels
                .iter()
                .try_for_each(|wheel| wheel.unpack(deps, folder))
        });
        made.inspect_err(|error| eprintln!("{}: {error:#}", self.without))
            .ok()
    }

    /// What the finished folder's stamp says.
    fn stamp(&self, edition: &Edition) -> String {
        let mut stamp = format!("{} layout 1 version {}\n", self.name, self.version);
        for wheel in edition.wheels {
            stamp.push_str(&format!("{} {}\n", wheel.expected.sha256, wheel.file));
        }
        stamp
    }
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

/// NumPy, which every package here needs.
pub(crate) const NUMPY_CP311: Wheel = Wheel {
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
};

/// NumPy, which every package here needs.
pub(crate) const NUMPY_CP312: Wheel = Wheel {
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
};

/// NumPy, which every package here needs.
pub(crate) const NUMPY_CP313: Wheel = Wheel {
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
};

#[cfg(test)]
mod tests {
    /// Whether a wheel's name says that it runs in `python`: made for it, for a version before it, or for any.
    fn fits(file: &str, python: &str) -> bool {
        let number = |tag: &str| tag.strip_prefix("cp")?.parse::<u32>().ok();
        let mut tags = file.split('-').skip(2);
        match (tags.next(), tags.next()) {
            (Some("py3"), Some("none")) => true,
            (Some(tag), Some("abi3")) => number(tag) <= number(python),
            (Some(tag), Some(abi)) => tag == python && abi == python,
            _ => false,
        }
    }

    #[test]
    fn every_edition_is_for_one_python() {
        let packages = [
            &crate::pedalboard::PACKAGE,
            &crate::onnx::PACKAGE,
            &crate::mutagen::PACKAGE,
            &crate::ffmpeg::PACKAGE,
        ];
        for package in packages {
            for edition in package.editions {
                let stamp = package.stamp(edition);
                for wheel in edition.wheels {
                    assert!(
                        wheel.file.starts_with(&format!("{}-", wheel.project)),
                        "{}",
                        wheel.file
                    );
                    assert!(fits(wheel.file, edition.python), "{}", wheel.file);
                    assert!(stamp.contains(wheel.expected.sha256));
                }
                let first = format!("{}-{}-", package.name, package.version);
                assert!(edition.wheels[0].file.starts_with(&first));
            }
        }
    }
}
