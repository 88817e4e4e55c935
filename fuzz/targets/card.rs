//! `card.json`: any text beside the graphs of the default model. What is taken keeps the card's own promises.
#![no_main]

use std::sync::LazyLock;

use echometer_engine::model::Card;
use echometer_engine::{Device, Model, ModelFiles};
use libfuzzer_sys::fuzz_target;

/// Graphs so small that hashing them takes no time: a card that names them is refused no later than at their inputs.
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
    let Ok(card) = serde_json::from_slice::<Card>(data) else {
        return;
    };
    let again = serde_json::to_vec(&card).expect("a card is JSON");
    let again: Card = serde_json::from_slice(&again).expect("a card's own JSON is a card");
    assert_eq!(format!("{again:?}"), format!("{card:?}"));
});
