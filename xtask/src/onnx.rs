//! The Python package onnx: ONNX's own checker, for the tests of the graphs that the trainer writes.

use crate::download::Expected;
use crate::python::{Edition, NUMPY_CP311, NUMPY_CP312, NUMPY_CP313, Package};
use crate::wheel::Wheel;

pub(crate) const PACKAGE: Package = Package {
    name: "onnx",
    version: "1.23.2",
    what: "ONNX's checker",
    disk_mb: 88,
    without: "Exported graphs are not checked with ONNX's own checker",
    editions: &[
        Edition {
            python: "cp311",
            wheels: &[
                ONNX_CP311,
                ML_DTYPES_CP311,
                NUMPY_CP311,
                PROTOBUF,
                TYPING_EXTENSIONS,
            ],
        },
        Edition {
            python: "cp312",
            wheels: &[
                ONNX_ABI3,
                ML_DTYPES_CP312,
                NUMPY_CP312,
                PROTOBUF,
                TYPING_EXTENSIONS,
            ],
        },
        Edition {
            python: "cp313",
            wheels: &[
                ONNX_ABI3,
                ML_DTYPES_CP313,
                NUMPY_CP313,
                PROTOBUF,
                TYPING_EXTENSIONS,
            ],
        },
    ],
};

const ONNX_CP311: Wheel = Wheel {
    project: "onnx",
    file: "onnx-1.23.2-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    expected: Expected {
        bytes: 8_886_609,
        sha256: "c03ecf6b835d136108eeaeeafbd0026fc7b3cf98661409fbc6b63d5a29361348",
    },
    take: &[
        ("onnx/", "onnx/"),
        ("onnx-1.23.2.dist-info/licenses/", "licenses/onnx/"),
    ],
};

/// For Python 3.12 and newer.
const ONNX_ABI3: Wheel = Wheel {
    project: "onnx",
    file: "onnx-1.23.2-cp312-abi3-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    expected: Expected {
        bytes: 8_881_633,
        sha256: "7abf381d278f31ac62487fddedc9dd42da842dce94d5d43536836ee3efdf4a2b",
    },
    take: &[
        ("onnx/", "onnx/"),
        ("onnx-1.23.2.dist-info/licenses/", "licenses/onnx/"),
    ],
};

const ML_DTYPES_CP311: Wheel = Wheel {
    project: "ml_dtypes",
    file: "ml_dtypes-0.6.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    expected: Expected {
        bytes: 412_043,
        sha256: "6c8e39b53e90afda8ce52859c93de4dba3e02b76d85dcf091cc469f9184c6dae",
    },
    take: &[
        ("ml_dtypes/", "ml_dtypes/"),
        ("ml_dtypes-0.6.0.dist-info/licenses/", "licenses/ml_dtypes/"),
    ],
};

const ML_DTYPES_CP312: Wheel = Wheel {
    project: "ml_dtypes",
    file: "ml_dtypes-0.6.0-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    expected: Expected {
        bytes: 409_890,
        sha256: "3b4a480aa8fd54a1805b8ac10f3f91763926a74f73c0c364c10f9231854f4170",
    },
    take: &[
        ("ml_dtypes/", "ml_dtypes/"),
        ("ml_dtypes-0.6.0.dist-info/licenses/", "licenses/ml_dtypes/"),
    ],
};

const ML_DTYPES_CP313: Wheel = Wheel {
    project: "ml_dtypes",
    file: "ml_dtypes-0.6.0-cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    expected: Expected {
        bytes: 410_169,
        sha256: "26b1f1fa4f0435a2946859823f6e2bf06796f1e9f10f5a05b08a5e3c8f46ff69",
    },
    take: &[
        ("ml_dtypes/", "ml_dtypes/"),
        ("ml_dtypes-0.6.0.dist-info/licenses/", "licenses/ml_dtypes/"),
    ],
};

const PROTOBUF: Wheel = Wheel {
    project: "protobuf",
    file: "protobuf-7.36.2-cp310-abi3-manylinux2014_x86_64.whl",
    expected: Expected {
        bytes: 343_223,
        sha256: "89f23aa53c24553a2416fd4fd1ec06f74fa42b14b546d8883128813f775bbfd2",
    },
    take: &[
        ("google/", "google/"),
        ("protobuf-7.36.2.dist-info/", "licenses/protobuf/"),
    ],
};

const TYPING_EXTENSIONS: Wheel = Wheel {
    project: "typing_extensions",
    file: "typing_extensions-4.16.0-py3-none-any.whl",
    expected: Expected {
        bytes: 45_571,
        sha256: "481caa481374e813c1b176ada14e97f1f67a4539ce9cfeb3f350d78d6370c2e8",
    },
    take: &[
        ("typing_extensions.py", "typing_extensions.py"),
        (
            "typing_extensions-4.16.0.dist-info/licenses/",
            "licenses/typing_extensions/",
        ),
    ],
};
