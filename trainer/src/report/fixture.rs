//! Folders of made-up runs for the tests, in the exact format of real ones. Their numbers mean nothing.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use echometer_engine::frontend::FrontEndConfig;
use echometer_engine::{Feature, PerFeature};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::grid::{self, Setting};
use super::thesis;
use crate::data::row::Split;
use crate::runs::record::{Config, DataRecord, Errors, Failure, Outcome};
use crate::training::metrics::mean_and_variance;

/// What the folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The whole grid.
    Full,
    /// Every second run.
    Half,
    /// The whole grid; every run with SGD at the higher rate diverged, and one pair was cut off.
    Failing,
    /// A single run of one feature.
    One,
    /// A data set without runs.
    NoRuns,
}

/// A folder that is removed when this is dropped.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    /// As many validation and test clips each, and four times as many for training.
    pub(crate) fn new(kind: Kind, clips: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), kind, clips);
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A run that was written.
struct Made {
    id: String,
    outcome: Outcome,
    predictions: String,
    /// Expected MSE of each feature.
    aims: BTreeMap<Feature, f64>,
}

impl Made {
    fn mse(&self) -> f64 {
        self.outcome.validation.values().map(|errors| errors.mse).sum()
    }
}

struct Maker {
    out: PathBuf,
    rng: StdRng,
    splits: Vec<Split>,
    labels: Vec<PerFeature<Option<f64>>>,
}

/// Writes such a folder to `out`.
pub(crate) fn write(out: &Path, kind: Kind, clips: usize) {
    let mut rng = StdRng::seed_from_u64(11);
    let mut splits = vec![Split::Training; 4 * clips];
    splits.extend(vec![Split::Validation; clips]);
    splits.extend(vec![Split::Test; clips]);
    let labels = splits.iter().map(|_| labels(&mut rng)).collect();
    let mut maker = Maker {
        out: out.to_path_buf(),
        rng,
        splits,
        labels,
    };
    maker.data();
    if kind == Kind::NoRuns {
        return;
    }
    let mut number = 0;
    let mut chosen = BTreeMap::new();
    for feature in thesis::ORDER {
        let mut best = None;
        for setting in grid::settings() {
            number += 1;
            if kind == Kind::Half && number % 2 == 0 || kind == Kind::One && number > 1 {
                continue;
            }
            let diverges = setting.optimiser == "sgd" && setting.learning_rate == 1e-3;
            let fails = kind == Kind::Failing && diverges;
            let made = maker.run(&[feature], setting, fails, 1.0);
            if !fails && best.as_ref().is_none_or(|best: &Made| made.mse() < best.mse()) {
                best = Some(made);
            }
        }
        if let Some(best) = best {
            chosen.insert(feature, best.id.clone());
            maker.test(best);
        }
    }
    fs::write(out.join("chosen.json"), serde_json::to_string(&chosen).unwrap()).unwrap();
    if kind == Kind::One {
        return;
    }
    for (index, pair) in thesis::PAIRS
        .iter()
        .enumerate()
        .skip(usize::from(kind == Kind::Half))
    {
        let made = maker.run(pair, setting("mtl-cnn"), false, 1.7);
        let id = made.id.clone();
        maker.test(made);
        if kind == Kind::Failing && index == 0 {
            fs::remove_file(out.join("runs").join(id).join("metrics.json")).unwrap();
        }
    }
    if kind != Kind::Half {
        let made = maker.run(&Feature::ALL, setting("resnet34-heads"), false, 0.92);
        maker.test(made);
    }
}

fn setting(network: &'static str) -> Setting {
    Setting {
        network,
        optimiser: "adam",
        learning_rate: 1e-3,
    }
}

fn normal(rng: &mut StdRng) -> f64 {
    let (a, b): (f64, f64) = (rng.random_range(1e-12..1.0), rng.random());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

fn labels(rng: &mut StdRng) -> PerFeature<Option<f64>> {
    let (calm, mood) = (normal(rng), normal(rng));
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    PerFeature::from_fn(|feature| {
        let own = normal(rng);
        let value = match feature {
            Feature::Danceability => logistic(0.2 + 0.5 * mood + 0.5 * own),
            Feature::Energy => logistic(0.5 - 1.1 * calm + 0.5 * own),
            Feature::Speechiness => 0.03 + 0.06 * own.abs().powi(3),
            Feature::Acousticness => logistic(-1.2 + 2.0 * calm + 1.2 * own),
            Feature::Instrumentalness => logistic(-3.0 + 3.5 * own),
            Feature::Liveness => logistic(-1.7 + 0.9 * own),
            Feature::Valence => logistic(0.9 * mood + 0.6 * own),
            Feature::Loudness => -9.0 - 3.5 * calm - 2.0 * own.abs(),
        };
        let (low, high) = feature.range();
        (feature != Feature::Valence || rng.random::<f64>() > 0.05)
            .then(|| value.clamp(f64::from(low), f64::from(high)))
    })
}

impl Maker {
    fn data(&self) {
        let clips = Split::ALL.map(|split| (split, self.splits.iter().filter(|s| **s == split).count()));
        let record = DataRecord {
            description: "made-up clips of a test <not music>".into(),
            split: "4/1/1, in order".into(),
            clips: BTreeMap::from(clips),
            rejected: 3,
            fingerprint: "made-up".into(),
        };
        fs::create_dir_all(&self.out).unwrap();
        fs::write(
            self.out.join("data.json"),
            serde_json::to_string(&record).unwrap(),
        )
        .unwrap();
        let mut text = String::from("clip,split");
        Feature::ALL
            .iter()
            .for_each(|feature| write!(text, ",{feature}").unwrap());
        text.push_str(",group");
        for (i, (split, labels)) in self.splits.iter().zip(&self.labels).enumerate() {
            write!(text, "\nclip-{i}.ogg,{}", split.name()).unwrap();
            for (_, label) in labels.iter() {
                write!(
                    text,
                    ",{}",
                    label.map_or(String::new(), |label| label.to_string())
                )
                .unwrap();
            }
            // Of five clips, two are by the same artist.
            write!(
                text,
                ",artist {} of {}",
                i - usize::from(i % 5 == 4),
                split.name()
            )
            .unwrap();
        }
        fs::write(self.out.join("clips.csv"), text + "\n").unwrap();
    }

    fn run(&mut self, features: &[Feature], setting: Setting, fails: bool, factor: f64) -> Made {
        let names: Vec<_> = match features.len() {
            8 => vec!["all"],
            _ => features.iter().map(|feature| feature.name()).collect(),
        };
        let rate = if setting.learning_rate == 1e-3 {
            "1e-3"
        } else {
            "1e-4"
        };
        let id = format!(
            "{}-{}-{}-{rate}",
            names.join("+"),
            setting.network,
            setting.optimiser
        );
        let folder = self.out.join("runs").join(&id);
        fs::create_dir_all(&folder).unwrap();
        let config = Config {
            id: id.clone(),
            network: setting.network.into(),
            features: features.to_vec(),
            optimiser: setting.optimiser.into(),
            learning_rate: setting.learning_rate,
            profile: "quick".into(),
            epochs: 1,
            batch: 16,
            seed: 1,
            precision: "f32".into(),
            front_end: FrontEndConfig::thesis(),
            window_s: 30.0,
            frames: 6616,
            device: "cpu".into(),
            version: "0.1.0".into(),
            revision: None,
            data: "made-up".into(),
            key: String::new(),
        };
        fs::write(
            folder.join("config.json"),
            serde_json::to_string(&config).unwrap(),
        )
        .unwrap();
        let mut curve = String::from("samples,split,feature,mse\n");
        let mut predictions = String::from("clip,split,feature,truth,prediction\n");
        let mut outcome = Outcome {
            samples: 40_000,
            seconds: 512.5,
            parameters: 21_000_000,
            validation: BTreeMap::new(),
            test: BTreeMap::new(),
        };
        let mut aims = BTreeMap::new();
        for &feature in features {
            let aim = factor * self.aim(feature, setting);
            aims.insert(feature, aim);
            self.curve(&mut curve, feature, aim, fails);
            let errors = self.predict(&mut predictions, Split::Validation, feature, aim);
            outcome.validation.insert(feature, errors);
        }
        fs::write(folder.join("curve.csv"), curve).unwrap();
        let made = Made {
            id,
            outcome,
            predictions,
            aims,
        };
        if fails {
            let reason = "loss is NaN after 2,560 samples: diverged".into();
            let failure = Failure {
                samples: 2560,
                reason,
                key: String::new(),
            };
            fs::write(
                folder.join("failure.json"),
                serde_json::to_string(&failure).unwrap(),
            )
            .unwrap();
        } else {
            self.save(&made);
        }
        made
    }

    /// Scores a chosen run on the test clips too.
    fn test(&mut self, mut made: Made) {
        for (&feature, &aim) in &made.aims {
            let errors = self.predict(&mut made.predictions, Split::Test, feature, aim);
            made.outcome.test.insert(feature, errors);
        }
        self.save(&made);
    }

    fn save(&self, made: &Made) {
        let folder = self.out.join("runs").join(&made.id);
        fs::write(
            folder.join("metrics.json"),
            serde_json::to_string(&made.outcome).unwrap(),
        )
        .unwrap();
        fs::write(folder.join("predictions.csv"), &made.predictions).unwrap();
    }

    /// About the thesis's error, relative to the spread of these labels.
    fn aim(&mut self, feature: Feature, setting: Setting) -> f64 {
        let labels: Vec<_> = self.labels.iter().filter_map(|labels| labels[feature]).collect();
        let network = if setting.network == "mtl-cnn" {
            "lenet5"
        } else {
            setting.network
        };
        let network = network.trim_end_matches("-heads");
        let line = thesis::results().unwrap().into_iter().find(|line| {
            line.feature == feature
                && line.network == network
                && line.optimiser == setting.optimiser
                && line.learning_rate == setting.learning_rate
        });
        let left = (1.0 - line.unwrap().r2).clamp(0.1, 1.1);
        mean_and_variance(&labels).1 * left * (0.9 + 0.2 * self.rng.random::<f64>())
    }

    fn curve(&mut self, text: &mut String, feature: Feature, aim: f64, fails: bool) {
        for point in 1..=60u64 {
            let samples = point * 640;
            let fall = 1.0 + 1.6 * (-(point as f64) / 8.0).exp();
            for (split, noise) in [(Split::Training, 0.15), (Split::Validation, 0.05)] {
                let mse = aim * fall * (noise * normal(&mut self.rng)).exp();
                let mse = if fails && point > 4 { f64::NAN } else { mse };
                writeln!(text, "{samples},{},{feature},{mse}", split.name()).unwrap();
            }
            if fails && point > 4 {
                break;
            }
        }
    }

    fn predict(&mut self, text: &mut String, split: Split, feature: Feature, aim: f64) -> Errors {
        let training: Vec<_> = self
            .sides(Split::Training, feature)
            .map(|(_, truth)| truth)
            .collect();
        let mean = mean_and_variance(&training).0;
        let clips: Vec<_> = self.sides(split, feature).collect();
        let variance = mean_and_variance(&training).1;
        let share = (1.0 - aim / variance).max(0.0);
        let mut scored = Vec::new();
        for (clip, truth) in clips {
            // A regression to the mean, as real predictions are.
            let spread = (aim * share).max(0.02 * aim).sqrt();
            let prediction = mean + share * (truth - mean) + spread * normal(&mut self.rng);
            writeln!(text, "{clip},{},{feature},{truth},{prediction}", split.name()).unwrap();
            scored.push((truth, prediction));
        }
        let truths: Vec<_> = scored.iter().map(|s| s.0).collect();
        let average =
            |f: &dyn Fn(&(f64, f64)) -> f64| scored.iter().map(f).sum::<f64>() / scored.len() as f64;
        let mse = average(&|(truth, prediction)| (truth - prediction).powi(2));
        Errors {
            clips: scored.len(),
            mae: average(&|(truth, prediction)| (truth - prediction).abs()),
            mse,
            r2: 1.0 - mse / mean_and_variance(&truths).1,
            baseline_mse: average(&|(truth, _)| (truth - mean).powi(2)),
        }
    }

    fn sides(&self, split: Split, feature: Feature) -> impl Iterator<Item = (usize, f64)> {
        let clips = self.splits.iter().zip(&self.labels).enumerate();
        clips.filter_map(move |(i, (side, labels))| (*side == split).then_some((i, labels[feature]?)))
    }
}
