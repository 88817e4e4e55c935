//! The head of a model as any bytes: the parser, every check, and the embedded backend for what passes them.
#![no_main]

mod common;

use echometer_engine::ModelError;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: common::keep_caught_panics(), |data: &[u8]| {
    if let Err(ModelError::Json { source, .. }) = common::load(data.to_vec()) {
        panic!("the card of this target is wrong: {source}");
    }
});
