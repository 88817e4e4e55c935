//! `card.json`: any text beside graphs that are empty.
#![no_main]

use std::sync::LazyLock;

use echometer_engine::{Device, Model, ModelFiles};
use libfuzzer_sys::fuzz_target;

/// Files so small that hashing them takes no time: whatever a card says of them, they are no model.
static FILES: LazyLock<ModelFiles> = LazyLock::new(|| ModelFiles {
    card: Vec::new().into(),
    trunk: None,
    head: Vec::new().into(),
});

fuzz_target!(|data: &[u8]| {
    for trunk in [None, Some(Vec::new().into())] {
        let files = ModelFiles {
            card: data.to_vec().into(),
            trunk,
            ..FILES.clone()
        };
        assert!(Model::load(&files, Device::Embedded).is_err(), "an empty graph was taken");
    }
});
