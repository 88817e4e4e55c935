//! What a host can set and what a project saves.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use echometer_automation::{DEFAULT_NUMBERS, DEFAULT_TARGET};
use echometer_engine::Feature;
use nice_plug::params::InternalParamMut;
use nice_plug::params::persist::{self, PersistentField};
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::{BoolParam, Enum, EnumParam, IntParam, IntRange, Params, PluginState};
use parking_lot::RwLock;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::editor::WindowSize;
use crate::reference::SavedReference;
use crate::touched::{self, Tell, Touched};

/// Which model scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum ModelSource {
    /// The one inside the plugin.
    #[id = "default"]
    #[name = "Default"]
    Default,
    /// The one in the folder of [`CustomModel`].
    #[id = "custom"]
    #[name = "Custom"]
    Custom,
}

/// A value saved with the project that counts its changes, so that whoever depends on it need not compare.
#[derive(Debug, Default)]
pub(crate) struct Saved<T> {
    value: RwLock<T>,
    changes: AtomicU64,
}

impl<T: Clone> Saved<T> {
    fn new(value: T) -> Self {
        Self {
            value: RwLock::new(value),
            changes: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self) -> T {
        self.value.read().clone()
    }

    pub(crate) fn put(&self, value: T) {
        *self.value.write() = value;
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How often it was set.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}

impl<'a, T> PersistentField<'a, T> for Saved<T>
where
    T: Serialize + Deserialize<'a> + Clone + Send + Sync,
{
    fn set(&self, value: T) {
        self.put(value);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&T) -> R,
    {
        f(&self.value.read())
    }
}

/// A model of the user's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CustomModel {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// SHA-256 of its card, which holds those of its graphs: the model the project was saved with, or another.
    pub(crate) sha256: String,
}

/// The MIDI controller of one feature.
#[derive(Params)]
pub(crate) struct CcParams {
    /// Whether it is sent.
    #[id = "on"]
    pub(crate) on: BoolParam,
    /// Its number.
    #[id = "cc"]
    pub(crate) number: IntParam,
}

impl CcParams {
    fn new(feature: Feature) -> Self {
        let number = DEFAULT_NUMBERS.into_iter().find(|(one, _)| *one == feature);
        let number = number.map_or(0, |(_, number)| number.into());
        let name = echometer_meters::label(feature);
        let range = IntRange::Linear { min: 0, max: 119 };
        Self {
            on: BoolParam::new(format!("Send {name}"), true),
            number: IntParam::new(format!("{name} CC"), number, range),
        }
    }
}

/// All parameters, and what else a project saves.
#[derive(Params)]
pub(crate) struct EchometerParams {
    #[id = "bypass"]
    pub(crate) bypass: BoolParam,
    /// Forgets all input when it is switched on, and is off again at once: no host saves or restores it as anything else.
    #[id = "reset"]
    reset: BoolParam,
    reset_asked: Arc<AtomicBool>,
    tell: Tell,
    #[id = "freeze"]
    pub(crate) freeze: BoolParam,
    #[id = "hold"]
    pub(crate) hold: BoolParam,
    #[id = "model"]
    pub(crate) model: EnumParam<ModelSource>,

    #[id = "midi"]
    pub(crate) midi: BoolParam,
    #[id = "chan"]
    pub(crate) channel: IntParam,
    #[id = "rate"]
    pub(crate) rate: IntParam,
    #[nested(id_prefix = "dance", group = "Danceability CC")]
    danceability: CcParams,
    #[nested(id_prefix = "energy", group = "Energy CC")]
    energy: CcParams,
    #[nested(id_prefix = "live", group = "Liveness CC")]
    liveness: CcParams,
    #[nested(id_prefix = "valence", group = "Valence CC")]
    valence: CcParams,
    #[nested(id_prefix = "acoust", group = "Acousticness CC")]
    acousticness: CcParams,
    #[nested(id_prefix = "instr", group = "Instrumentalness CC")]
    instrumentalness: CcParams,
    #[nested(id_prefix = "speech", group = "Speechiness CC")]
    speechiness: CcParams,
    #[nested(id_prefix = "loud", group = "Loudness CC")]
    loudness: CcParams,

    #[id = "osc"]
    pub(crate) osc: BoolParam,

    /// Where OSC goes, `ADDRESS:PORT`.
    #[persist = "osc-target"]
    pub(crate) osc_target: Saved<String>,
    #[persist = "custom-model"]
    pub(crate) custom: Saved<CustomModel>,
    /// Whether the window is light.
    #[persist = "light"]
    pub(crate) light: Saved<bool>,
    /// What the meters are compared with.
    #[persist = "reference"]
    pub(crate) reference: Saved<Option<SavedReference>>,
    /// How large the window is.
    #[persist = "window"]
    pub(crate) window: Saved<WindowSize>,
    /// The version of a state that was refused. Saved, but not read again.
    #[persist = "refused"]
    pub(crate) refused: Saved<Option<String>>,
}

impl EchometerParams {
    /// All of them at their defaults.
    pub(crate) fn shared() -> Arc<Self> {
        Arc::new_cyclic(Self::new)
    }

    fn new(own: &Weak<Self>) -> Self {
        let reset_asked = Arc::new(AtomicBool::new(false));
        let tell = touched::next();
        let trigger = trigger(own.clone(), Arc::clone(&reset_asked), Arc::clone(&tell));
        let channels = IntRange::Linear { min: 1, max: 16 };
        let rates = IntRange::Linear { min: 1, max: 50 };
        Self {
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            reset: BoolParam::new("Reset", false).with_callback(trigger),
            reset_asked,
            tell,
            freeze: BoolParam::new("Freeze", false),
            hold: BoolParam::new("Hold Peaks", false),
            // Another model starts the meters again: nothing to draw a curve of.
            model: EnumParam::new("Model", ModelSource::Default).non_automatable(),
            midi: BoolParam::new("Send MIDI CC", false),
            channel: IntParam::new("MIDI Channel", 1, channels),
            rate: IntParam::new("MIDI Rate", 20, rates).with_unit(" Hz"),
            danceability: CcParams::new(Feature::Danceability),
            energy: CcParams::new(Feature::Energy),
            liveness: CcParams::new(Feature::Liveness),
            valence: CcParams::new(Feature::Valence),
            acousticness: CcParams::new(Feature::Acousticness),
            instrumentalness: CcParams::new(Feature::Instrumentalness),
            speechiness: CcParams::new(Feature::Speechiness),
            loudness: CcParams::new(Feature::Loudness),
            osc: BoolParam::new("Send OSC", false).non_automatable(),
            osc_target: Saved::new(DEFAULT_TARGET.into()),
            custom: Saved::default(),
            light: Saved::default(),
            reference: Saved::default(),
            window: Saved::default(),
            refused: Saved::default(),
        }
    }

    /// Whether the meters were to forget all input since this was last asked. Real-time safe.
    pub(crate) fn take_reset(&self) -> bool {
        self.reset_asked.swap(false, Ordering::AcqRel)
    }

    /// The user has changed something that is saved and no parameter.
    pub(crate) fn touch(&self) {
        (self.tell)(Touched::Saved);
    }

    /// The controller of `feature`.
    pub(crate) fn cc(&self, feature: Feature) -> &CcParams {
        match feature {
            Feature::Danceability => &self.danceability,
            Feature::Energy => &self.energy,
            Feature::Speechiness => &self.speechiness,
            Feature::Acousticness => &self.acousticness,
            Feature::Instrumentalness => &self.instrumentalness,
            Feature::Liveness => &self.liveness,
            Feature::Valence => &self.valence,
            Feature::Loudness => &self.loudness,
        }
    }

    /// The model asked for; `None` is the default one.
    pub(crate) fn wanted_model(&self) -> Option<CustomModel> {
        let custom = self.custom.get();
        (self.model.value() == ModelSource::Custom && !custom.folder.as_os_str().is_empty()).then_some(custom)
    }

    /// Changes whenever [`Self::wanted_model`] may have.
    pub(crate) fn model_mark(&self) -> (bool, u64) {
        (self.model.value() == ModelSource::Custom, self.custom.changes())
    }

    /// Whether any controller is sent.
    pub(crate) fn sends_midi(&self) -> bool {
        self.midi.value() && !self.freeze.value()
    }
}

/// What becomes of the reset parameter when it changes, on whatever thread: it asks, and goes back.
fn trigger(
    own: Weak<EchometerParams>,
    asked: Arc<AtomicBool>,
    tell: Tell,
) -> Arc<dyn Fn(bool) + Send + Sync> {
    Arc::new(move |on| {
        if !on {
            return;
        }
        asked.store(true, Ordering::Release);
        if let Some(params) = own.upgrade() {
            #[expect(
                unsafe_code,
                reason = "the framework has no other way to set a parameter without a host"
            )]
            // SAFETY: the setter is atomic, and marked so that plugins do not set what hosts should hear of. It calls this
            // again, which then does nothing.
            unsafe {
                params.reset._internal_set_plain_value(false)
            };
            tell(Touched::Values);
        }
    })
}

/// Digits in a row that no value of a parameter has.
const LONG_NUMBER: usize = 6;

/// Whether a text that is to be read as a value holds a number far outside of any range, where nice-plug's arithmetic
/// overflows.
pub(crate) fn has_long_number(text: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_digit())
        .any(|digits| digits.len() >= LONG_NUMBER)
}

/// Makes a saved state safe to take over, before that is done.
pub(crate) fn filter_state(state: &mut PluginState, version: &str) {
    // States of versions up to 0.3 may hold it switched on.
    state.params.remove("reset");
    for value in state.params.values_mut() {
        // Far outside any range, nice-plug's arithmetic overflows.
        if let ParamValue::I32(value) = value {
            *value = (*value).clamp(-1_000, 1_000);
        }
    }
    refuse_newer(state, version);
}

/// Empties a state that a newer version saved: its values may mean something else there. The user is told.
fn refuse_newer(state: &mut PluginState, version: &str) {
    let newer = match (Version::parse(&state.version), Version::parse(version)) {
        (Ok(theirs), Ok(ours)) => theirs > ours,
        // No version of ours: nothing is known of it.
        _ => true,
    };
    if newer {
        state.params.clear();
        state.fields.clear();
        let refused = Some(state.version.chars().take(32).collect::<String>());
        if let Ok(refused) = persist::serialize_field(&refused) {
            state.fields.insert("refused".into(), refused);
        }
    } else {
        state.fields.remove("refused");
        // Saved before there were references: one of another project must not stay.
        state
            .fields
            .entry("reference".into())
            .or_insert_with(|| "null".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl EchometerParams {
        /// As a host does.
        pub(crate) fn switch_reset_on(&self) {
            #[expect(unsafe_code, reason = "it is what the framework does for hosts")]
            // SAFETY: the setter is atomic.
            unsafe {
                self.reset._internal_set_plain_value(true)
            };
        }
    }

    #[test]
    fn nothing_is_sent_unless_asked_for_and_osc_stays_on_this_machine() {
        let params = EchometerParams::shared();
        assert!(!params.midi.value() && !params.osc.value() && !params.sends_midi());
        assert!(params.osc_target.get().starts_with("127.0.0.1:"));
        for (feature, number) in DEFAULT_NUMBERS {
            assert_eq!(params.cc(feature).number.value(), i32::from(number));
        }
    }

    #[test]
    fn parameter_ids_are_stable() {
        let mut ids: Vec<_> = EchometerParams::shared()
            .param_map()
            .into_iter()
            .map(|(id, ..)| id)
            .collect();
        ids.sort();
        let expected = [
            "acoust_cc",
            "acoust_on",
            "bypass",
            "chan",
            "dance_cc",
            "dance_on",
            "energy_cc",
            "energy_on",
            "freeze",
            "hold",
            "instr_cc",
            "instr_on",
            "live_cc",
            "live_on",
            "loud_cc",
            "loud_on",
            "midi",
            "model",
            "osc",
            "rate",
            "reset",
            "speech_cc",
            "speech_on",
            "valence_cc",
            "valence_on",
        ];
        assert_eq!(ids, expected, "projects name parameters by these");
    }

    #[test]
    fn a_newer_state_is_refused_and_an_older_one_is_not() {
        let state = |version: &str| PluginState {
            version: version.into(),
            params: [("midi".to_owned(), ParamValue::Bool(true))].into(),
            fields: [("light".to_owned(), "true".to_owned())].into(),
        };
        for version in ["0.2.0", "1.0.0", "", "nonsense"] {
            let mut state = state(version);
            refuse_newer(&mut state, "0.1.0");
            assert!(state.params.is_empty(), "{version}");
            assert_eq!(state.fields.keys().collect::<Vec<_>>(), ["refused"]);
        }
        for version in ["0.1.0", "0.0.9"] {
            let mut state = state(version);
            refuse_newer(&mut state, "0.1.0");
            assert_eq!(state.params.len(), 1);
            assert_eq!(state.fields.keys().collect::<Vec<_>>(), ["light", "reference"]);
        }
    }
}
