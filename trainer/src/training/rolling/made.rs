//! What a model was made with, beside its card: another setting does not write over it unasked.

use std::fs;
use std::path::Path;

use anyhow::bail;
use echometer_engine::Feature;
use echometer_engine::model::{CARD_FILE, sha256_hex};
use serde::{Deserialize, Serialize};

use super::pipeline::TrainOptions;
use super::run::RECIPE;
use crate::data::clips::Clip;
use crate::data::sources::{self, DataSpec};
use crate::runs::write_json;

/// File beside a model's card that says what made it.
const RUN: &str = "run.json";

/// Everything that decides what a model comes to, as far as it is known before any training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    recipe: u32,
    features: Vec<Feature>,
    epochs: u32,
    batch: u32,
    /// As text, which JSON gives back to the last digit.
    learning_rate: String,
    folds: usize,
    seed: u64,
    /// Changes with the teachers' files. `None` without teachers, as the epochs.
    /// Older files do not say, and are not taken to say `None`.
    #[serde(deserialize_with = "Option::deserialize")]
    teachers: Option<String>,
    distil_epochs: Option<u32>,
    /// Fingerprints of the labelled clips, and of the lists of weakly labelled and unlabelled ones.
    data: String,
    weak: String,
    unlabelled: String,
    /// And of the clips by construction.
    detect: String,
}

impl Made {
    pub(super) fn of(options: &TrainOptions, clips: &[Clip]) -> anyhow::Result<Self> {
        let clips: Vec<_> = clips
            .iter()
            .map(|clip| (clip.hash, clip.labels, &clip.group))
            .collect();
        let unlabelled = &options.distil.unlabelled;
        let list = |specs: &[DataSpec]| {
            let (listing, _) = sources::list_all(specs)?;
            anyhow::Ok(fingerprint(&listing.rows))
        };
        Ok(Self {
            recipe: RECIPE,
            features: options.data.features.0.clone(),
            epochs: options.epochs,
            batch: options.batch,
            learning_rate: format!("{:e}", options.learning_rate),
            folds: options.folds,
            seed: options.compute.seed,
            teachers: options.distil.teachers_id()?,
            distil_epochs: (!unlabelled.is_empty()).then_some(options.distil.distil_epochs),
            data: fingerprint(&clips),
            weak: list(&options.weak)?,
            unlabelled: list(unlabelled)?,
            detect: list(&options.detect)?,
        })
    }

    /// Refuses to go on where OUT holds a model that was made otherwise.
    pub(super) fn refuse_overwriting(&self, out: &Path) -> anyhow::Result<()> {
        let folder = out.join("model");
        if !folder.join(CARD_FILE).exists() {
            return Ok(());
        }
        let known = fs::read(folder.join(RUN)).ok();
        let known: Option<Self> = known.and_then(|json| serde_json::from_slice(&json).ok());
        let differs = match known {
            Some(known) if known == *self => return Ok(()),
            Some(known) => self.differs(&known),
            None => format!("it has no {RUN} of this version of the trainer"),
        };
        bail!(
            "{} holds a model that was made otherwise ({differs}); name another --out, or say --replace to make it again \
             and lose what is there",
            out.display()
        )
    }

    /// Writes it beside the card in `folder`.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        write_json(&folder.join(RUN), self)
    }

    /// How this is not as `old`, in words.
    fn differs(&self, old: &Self) -> String {
        let mut differs = Vec::new();
        let mut compare = |what: &str, old: String, new: String| {
            if old != new {
                differs.push(format!("{what} {old}, now {new}"));
            }
        };
        let names = |features: &[Feature]| features.iter().map(|f| f.name()).collect::<Vec<_>>().join(",");
        compare("features", names(&old.features), names(&self.features));
        compare("epochs", old.epochs.to_string(), self.epochs.to_string());
        compare("batch", old.batch.to_string(), self.batch.to_string());
        compare(
            "learning rate",
            old.learning_rate.clone(),
            self.learning_rate.clone(),
        );
        compare("folds", old.folds.to_string(), self.folds.to_string());
        compare("seed", old.seed.to_string(), self.seed.to_string());
        let epochs = |made: &Self| {
            made.distil_epochs
                .map_or("none".into(), |epochs| epochs.to_string())
        };
        compare("epochs of distillation", epochs(old), epochs(self));
        for (what, old, new) in [
            ("other clips or labels in --data", &old.data, &self.data),
            ("other clips or labels in --weak", &old.weak, &self.weak),
            ("other clips in --unlabelled", &old.unlabelled, &self.unlabelled),
            ("other clips in --detect", &old.detect, &self.detect),
        ] {
            if old != new {
                differs.push(what.into());
            }
        }
        match (&old.teachers, &self.teachers) {
            (None, Some(_)) => differs.push("no --teachers, now some".into()),
            (Some(_), None) => differs.push("--teachers, now none".into()),
            (old, new) if old != new => differs.push("other networks in --teachers".into()),
            _ => {}
        }
        if differs.is_empty() {
            differs.push("another version of the trainer".into());
        }
        differs.join("; ")
    }
}

fn fingerprint<T: std::fmt::Debug>(what: &T) -> String {
    sha256_hex(format!("{what:?}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(teachers: Option<&str>) -> Made {
        Made {
            recipe: RECIPE,
            features: vec![Feature::Energy],
            epochs: 1,
            batch: 1,
            learning_rate: "1e-3".into(),
            folds: 0,
            seed: 0,
            teachers: teachers.map(Into::into),
            distil_epochs: None,
            data: String::new(),
            weak: String::new(),
            unlabelled: String::new(),
            detect: String::new(),
        }
    }

    #[test]
    fn other_teachers_are_another_model() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        fs::create_dir(&model).unwrap();
        fs::write(model.join(CARD_FILE), "{}").unwrap();
        let refused = |now: &Made| now.refuse_overwriting(folder.path()).unwrap_err().to_string();
        made(Some("a")).write(&model).unwrap();
        made(Some("a")).refuse_overwriting(folder.path()).unwrap();
        assert!(refused(&made(Some("b"))).contains("(other networks in --teachers)"));
        assert!(refused(&made(None)).contains("(--teachers, now none)"));
        // Written before teachers were known.
        let text = fs::read_to_string(model.join(RUN)).unwrap();
        let mut old: serde_json::Value = serde_json::from_str(&text).unwrap();
        old.as_object_mut().unwrap().remove("teachers");
        fs::write(model.join(RUN), old.to_string()).unwrap();
        assert!(refused(&made(None)).contains("no run.json of this version"));
    }
}
