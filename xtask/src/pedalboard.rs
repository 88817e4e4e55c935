//! The Python package pedalboard: the plugin host of JUCE, for the tests that play music through the plugin in it.

use crate::download::Expected;
use crate::python::{Edition, NUMPY_CP311, NUMPY_CP312, NUMPY_CP313, Package};
use crate::wheel::Wheel;

pub(crate) const PACKAGE: Package = Package {
    name: "pedalboard",
    version: "0.9.26",
    what: "a plugin host",
    disk_mb: 97,
    without: "The tests in a JUCE host are skipped",
    editions: &[
        Edition {
            python: "cp311",
            wheels: &[
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
                NUMPY_CP311,
            ],
        },
        Edition {
            python: "cp312",
            wheels: &[
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
                NUMPY_CP312,
            ],
        },
        Edition {
            python: "cp313",
            wheels: &[
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
                NUMPY_CP313,
            ],
        },
    ],
};
