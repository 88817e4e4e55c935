//! Choosing each feature's run by its validation error, once.

use std::collections::BTreeMap;
use std::path::Path;

use echometer_engine::Feature;

use super::place::State;
use super::plan::Unit;
use crate::runs::write_json;

/// The run of each feature, by its name.
pub(super) type Choice = BTreeMap<Feature, String>;

/// The file in OUT that keeps the choice: a choice is final, or the test clips would be looked at twice.
const CHOSEN: &str = "chosen.json";

/// The choices made earlier.
pub(super) fn read(out: &Path) -> Choice {
    let text = std::fs::read(out.join(CHOSEN)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Keeps the choices.
pub(super) fn write(out: &Path, choice: &Choice) -> anyhow::Result<()> {
    write_json(&out.join(CHOSEN), choice)
}

/// The best single-task run by validation error of each feature whose twelve runs are all over; those of `now` do not wait
/// for them. What was chosen earlier stays, as long as its run is there; so do the choices of features that `units` have not.
pub(super) fn choose(units: &[Unit], states: &[State], earlier: &Choice, now: &[Feature]) -> Choice {
    let mut best: BTreeMap<Feature, (f64, &Unit)> = BTreeMap::new();
    let mut waiting = Vec::new();
    let elsewhere = |feature: &Feature| units.iter().all(|unit| unit.features != [*feature]);
    let mut kept = earlier.clone();
    kept.retain(|feature, _| elsewhere(feature));
    for (unit, state) in units.iter().zip(states) {
        let Some(feature) = unit.only_feature() else {
            continue;
        };
        match state {
            State::Pending => waiting.push(feature),
            State::Failed => {}
            State::Finished(outcome) => {
                let name = unit.to_string();
                if earlier.get(&feature) == Some(&name) {
                    kept.insert(feature, name);
                }
                if let Some(errors) = outcome.validation.get(&feature)
                    && best.get(&feature).is_none_or(|(mse, _)| errors.mse < *mse)
                {
                    best.insert(feature, (errors.mse, unit));
                }
            }
        }
    }
    let ready = best
        .into_iter()
        .filter(|(feature, _)| now.contains(feature) || !waiting.contains(feature));
    let mut choice: Choice = ready
        .map(|(feature, (_, unit))| (feature, unit.to_string()))
        .collect();
    choice.extend(kept);
    choice
}

#[cfg(test)]
mod tests {
    use super::super::plan::units;
    use super::*;
    use crate::runs::record::{Errors, Outcome};

    fn finished(mse: f64) -> State {
        let errors = Errors {
            clips: 10,
            mae: mse,
            mse,
            r2: 0.0,
            baseline_mse: 1.0,
        };
        State::Finished(Outcome {
            samples: 1,
            seconds: 1.0,
            parameters: 1,
            validation: [(Feature::Energy, errors)].into(),
            test: BTreeMap::new(),
        })
    }

    #[test]
    fn the_best_is_chosen_once_all_are_over_and_stays() {
        let units = units(&[Feature::Energy]);
        let mut states: Vec<_> = (0..12).map(|i| finished(0.1 + f64::from(i) / 100.0)).collect();
        states[0] = State::Failed;
        states[5] = State::Pending;
        let none = Choice::new();
        assert!(
            choose(&units, &states, &none, &[]).is_empty(),
            "one is still to come"
        );
        let early = choose(&units, &states, &none, &[Feature::Energy]);
        assert_eq!(early[&Feature::Energy], units[1].to_string());
        assert!(
            choose(&units, &states, &none, &[Feature::Valence]).is_empty(),
            "energy was not asked for"
        );
        states[5] = finished(0.01);
        let late = choose(&units, &states, &none, &[]);
        assert_eq!(late[&Feature::Energy], units[5].to_string());
        assert_eq!(choose(&units, &states, &early, &[]), early, "a choice is final");
        states[1] = State::Pending;
        assert!(
            choose(&units, &states, &early, &[]).is_empty(),
            "unless its run is gone"
        );
    }

    #[test]
    fn a_choice_of_a_feature_that_is_not_looked_at_stays() {
        let units = units(&[Feature::Energy]);
        let states: Vec<_> = (0..12).map(|_| State::Pending).collect();
        let earlier = Choice::from([(Feature::Valence, "valence-crnn-sgd-1e-4".into())]);
        assert_eq!(choose(&units, &states, &earlier, &[]), earlier);
    }
}
