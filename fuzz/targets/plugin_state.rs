//! What a project holds of the plugin, as the plugin's framework takes it in: JSON, the plugin's filter, parameters and
//! fields. The plugin's own file is taken in by its path. What is left is the framework's: it is attacked through the
//! plugin's library in `plugin/tests/states.rs`.
#![no_main]
#![allow(dead_code, unreachable_pub, reason = "the plugin uses more of them")]

#[path = "../../plugin/src/params.rs"]
mod params;

use libfuzzer_sys::fuzz_target;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::{Param, Params, PluginState};
use params::EchometerParams;

fuzz_target!(|data: &[u8]| {
    let Ok(mut state) = serde_json::from_slice::<PluginState>(data) else {
        return;
    };
    params::filter_state(&mut state, "0.1.0");
    let all = EchometerParams::shared();
    for value in state.params.values() {
        if let ParamValue::I32(value) = *value {
            // The arithmetic that hosts start for every parameter.
            let places = [all.channel.preview_normalized(value), all.rate.preview_normalized(value)];
            assert!(places.iter().all(|place| place.is_finite()), "{value}: {places:?}");
        }
    }
    all.deserialize_fields(&state.fields);
    let saved = all.serialize_fields();
    let again = EchometerParams::shared();
    again.deserialize_fields(&saved);
    assert_eq!(again.serialize_fields(), saved);
    all.wanted_model();
});
