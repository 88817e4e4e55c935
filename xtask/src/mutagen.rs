//! The Python package mutagen: a reader of tags that is not ours, for the tests that write them.

use crate::download::Expected;
use crate::python::{Edition, Package};
use crate::wheel::Wheel;

pub(crate) const PACKAGE: Package = Package {
    name: "mutagen",
    version: "1.48.1",
    what: "a reader of tags",
    disk_mb: 2,
    without: "Tags that were written are not read with mutagen",
    editions: &Edition::for_each(&[WHEEL]),
};

const WHEEL: Wheel = Wheel {
    project: "mutagen",
    file: "mutagen-1.48.1-py3-none-any.whl",
    expected: Expected {
        bytes: 195_706,
        sha256: "4f077fe87d3fc7fba259aa63d8c026b18382ca6a42ef37c61e16f1b1b5b82fe7",
    },
    take: &[
        ("mutagen/", "mutagen/"),
        ("mutagen-1.48.1.dist-info/licenses/", "licenses/mutagen/"),
    ],
};
