//! Detectors of sounds that labels hardly hold, fitted to clips by construction against songs without labels.
//!
//! Neither the labelled clips nor the clips that measure take part in fitting; the constants below were chosen with a look at them.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use anyhow::ensure;
use echometer_engine::Feature;
use tch::{Kind, Tensor};

use super::examples::Example;
use crate::data::cache::Key;
use crate::data::clips::Clip;
use crate::data::folds;
use crate::data::row::Split;
use crate::network::{Detector, heard};

/// Share of views of songs that may pass the threshold.
const FALSE_ALARMS: f64 = 0.01;
/// Weight decay beside a mean cross entropy.
const DECAY: f64 = 3e-3;
/// A clip is the sound itself from here on, and says what it makes of the features.
const PURE: f32 = 0.9;
const STEPS: usize = 50;

/// A threshold above this leaves no room to be surer: the sound cannot be told from songs.
const HIGHEST_THRESHOLD: f64 = 0.99;

/// Checks, before anything is trained, that the clips' columns can become detectors.
///
/// # Errors
/// Where a column's name is no plain word, or a value is not between 0 and 1.
pub(super) fn check(made: &[Clip]) -> anyhow::Result<()> {
    for clip in made {
        for (name, value) in &clip.auxiliary {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            ensure!(
                !name.is_empty() && name.chars().all(plain),
                "--detect: a column is called `aux_{name}`, but after aux_ only a-z, 0-9 and _ may stand"
            );
            ensure!(
                (0.0..=1.0).contains(value),
                "--detect: {}: aux_{name} is {value}, but must be 0 (not heard) to 1 (nothing else is heard)",
                clip.name
            );
        }
    }
    Ok(())
}

/// Detectors, one for each auxiliary column of the `made` clips, and the table of how they do on those that measure.
///
/// # Errors
/// Where there are no made clips to learn from, or no songs to set them apart from.
pub(super) fn detectors(
    features: &[Feature],
    made: &[Example<'_>],
    songs: &[Example<'_>],
    labelled: &[Example<'_>],
    seed: u64,
) -> anyhow::Result<(Vec<Detector>, String)> {
    let learned: Vec<_> = made
        .iter()
        .filter(|made| Split::teaches(made.clip.split))
        .collect();
    let kept: Vec<_> = made
        .iter()
        .filter(|made| !Split::teaches(made.clip.split))
        .collect();
    let groups: BTreeSet<_> = songs.iter().map(|song| song.clip.group.as_str()).collect();
    ensure!(
        !learned.is_empty() && groups.len() >= 2,
        "--detect: {} clips to learn from and songs of {} artists in --unlabelled to set them apart from, but at least 1 and 2 are needed",
        learned.len(),
        groups.len()
    );
    let names: BTreeSet<_> = learned
        .iter()
        .flat_map(|made| made.clip.auxiliary.keys())
        .collect();
    let groups = songs.iter().map(|song| song.clip.group.as_str());
    let half_of = folds::assign(groups, 2, seed);
    let mut table = String::from(
        "| sound | kept clips with it | drawn: 10 %, median, 90 % | kept clips without | furthest drawn | labelled clips drawn |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    let mut detectors = Vec::new();
    for name in names {
        // What has the sound, as the unlabelled data itself says, is no song to set it apart from.
        let lacks = |song: &&Example<'_>| song.clip.auxiliary.get(name).is_none_or(|&share| share <= 0.0);
        let mut detector = fit(
            name,
            features,
            &learned,
            &songs.iter().filter(lacks).collect::<Vec<_>>(),
        )?;
        // The threshold from songs that each of two others was not fitted to.
        let mut alarms = Vec::new();
        for half in 0..2 {
            let side = |inside: bool| {
                let songs = songs.iter().zip(&half_of);
                let songs = songs.filter(move |(_, of)| (**of == half) == inside);
                songs.map(|(song, _)| song).filter(lacks).collect::<Vec<_>>()
            };
            let other = fit(name, features, &learned, &side(false))?;
            alarms.extend(probabilities(&other, &side(true))?);
        }
        alarms.sort_by(f64::total_cmp);
        detector.threshold = quantile(&alarms, 1.0 - FALSE_ALARMS);
        ensure!(
            detector.threshold <= HIGHEST_THRESHOLD,
            "--detect: one song in {:.0} sounds like {name} with a probability of {:.3} or more, but at most {HIGHEST_THRESHOLD} leaves \
             room to hear it; make clips that differ more from songs",
            1.0 / FALSE_ALARMS,
            detector.threshold
        );
        let said = |made: &&&Example<'_>| made.clip.auxiliary.get(name).copied();
        let with: Vec<_> = kept
            .iter()
            .filter(|made| said(made) >= Some(PURE))
            .copied()
            .collect();
        let without: Vec<_> = kept
            .iter()
            .filter(|made| said(made) == Some(0.0))
            .copied()
            .collect();
        let (heard, unheard) = (pulls(&detector, &with)?, pulls(&detector, &without)?);
        let moved = pulls(&detector, &labelled.iter().collect::<Vec<_>>())?;
        let _ = writeln!(
            table,
            "| {name} | {} | {:.2}, {:.2}, {:.2} | {} | {:.2} | {} of {} |",
            heard.len(),
            quantile(&heard, 0.1),
            quantile(&heard, 0.5),
            quantile(&heard, 0.9),
            unheard.len(),
            quantile(&unheard, 1.0),
            moved.iter().filter(|&&pull| pull > 0.0).count(),
            moved.len()
        );
        detectors.push(detector);
    }
    Ok((detectors, table))
}

/// A detector of one column with no threshold yet: `learned` clips hold as much of the sound as the column says, `songs` none.
fn fit(
    name: &str,
    features: &[Feature],
    learned: &[&Example<'_>],
    songs: &[&Example<'_>],
) -> anyhow::Result<Detector> {
    let (mut rows, mut truth) = (Vec::new(), Vec::new());
    let made = learned
        .iter()
        .filter_map(|made| Some((made, *made.clip.auxiliary.get(name)?)));
    for (example, share) in made.clone().chain(songs.iter().map(|song| (song, 0.0))) {
        rows.extend(example.views.iter().map(|view| Tensor::from_slice(view)));
        truth.extend(example.views.iter().map(|_| f64::from(share)));
    }
    let rows = Tensor::stack(&rows, 0).to_kind(Kind::Double);
    let (weight, bias) = logistic(&rows, &Tensor::from_slice(&truth))?;
    let target = |feature: Feature| {
        let (low, high) = feature.range();
        let pure = made.clone().filter(|(_, share)| *share >= PURE);
        let labels: Vec<_> = pure.filter_map(|(made, _)| made.clip.labels[feature]).collect();
        let mean = labels.iter().sum::<f32>() / labels.len() as f32;
        (!labels.is_empty()).then_some((mean - low) / (high - low))
    };
    let targets: Vec<_> = features.iter().map(|&feature| target(feature)).collect();
    let list = |value: &dyn Fn(Option<f32>) -> f32| {
        Tensor::from_slice(&targets.iter().map(|&target| value(target)).collect::<Vec<_>>())
    };
    Ok(Detector {
        name: name.to_owned(),
        weight: weight.to_kind(Kind::Float),
        bias: bias.to_kind(Kind::Float),
        threshold: 0.0,
        target: list(&|target| target.unwrap_or(0.0)),
        drawn: list(&|target| f32::from(u8::from(target.is_some()))),
    })
}

/// Logistic regression of `truth`, 0–1, on `rows` `[views, pooled]` by Newton's method: weights `[pooled, 1]` and a bias `[1]`.
/// What has the sound weighs as much, together, as what does not.
fn logistic(rows: &Tensor, truth: &Tensor) -> anyhow::Result<(Tensor, Tensor)> {
    let sum = |x: &Tensor| x.sum(Kind::Double);
    let (mean, deviation) = (
        rows.mean_dim([0].as_slice(), true, Kind::Double),
        rows.std_dim([0].as_slice(), false, true) + 1e-3,
    );
    let count = rows.size()[0];
    let normal = (rows - &mean) / &deviation;
    let normal = Tensor::cat(
        &[&normal, &Tensor::ones([count, 1], (Kind::Double, rows.device()))],
        1,
    );
    let has = truth.gt(0.0).to_kind(Kind::Double);
    let lacks = 1.0 - &has;
    let weight = 0.5 * &has / sum(&has).clamp_min(1.0) + 0.5 * &lacks / sum(&lacks).clamp_min(1.0);
    let decay = Tensor::ones([normal.size()[1]], (Kind::Double, rows.device())) * (2.0 * DECAY);
    let _ = decay.get(-1).fill_(1e-9); // Not the bias; but the matrix stays invertible.
    let loss = |at: &Tensor| -> anyhow::Result<f64> {
        let logit = normal.mv(at);
        let entropy = (&logit.softplus() - truth * &logit) * &weight;
        Ok(f64::try_from(sum(&entropy) + sum(&(at.square() * &decay)) * 0.5)?)
    };
    let mut at = Tensor::zeros([normal.size()[1]], (Kind::Double, rows.device()));
    let mut best = loss(&at)?;
    for _ in 0..STEPS {
        let probability = normal.mv(&at).sigmoid();
        let slope = normal.tr().mv(&((&probability - truth) * &weight)) + &at * &decay;
        let curvature: Tensor = &probability * (1.0 - &probability) * &weight;
        let bend = curvature.unsqueeze(1) * &normal;
        let bend = normal.tr().matmul(&bend) + Tensor::diag(&decay, 0);
        let step = Tensor::linalg_solve(&bend, &slope, true);
        // As far as it gets better.
        let mut next = None;
        for halves in 0..8 {
            let there = &at - &step * 0.5f64.powi(halves);
            let found = loss(&there)?;
            if found < best {
                next = Some((there, found));
                break;
            }
        }
        let Some((there, found)) = next else { break };
        let gained = best - found;
        (at, best) = (there, found);
        if gained < 1e-12 {
            break;
        }
    }
    let pooled = normal.size()[1] - 1;
    let weight = (at.narrow(0, 0, pooled) / deviation.view([-1])).unsqueeze(1);
    let bias = at.narrow(0, pooled, 1) - mean.matmul(&weight).view([1]);
    Ok((weight, bias))
}

/// What detectors make of the means of clips that they have not seen.
pub(super) struct Heard<'a> {
    detectors: &'a [Detector],
    views: HashMap<Key, &'a [f32]>,
    features: &'a [Feature],
}

impl<'a> Heard<'a> {
    pub(super) fn of(
        detectors: &'a [Detector],
        examples: &'a [Example<'_>],
        features: &'a [Feature],
    ) -> Self {
        let whole = |example: &'a Example<'_>| Some((example.clip.hash, example.views.first()?.as_slice()));
        Self {
            detectors,
            views: examples.iter().filter_map(whole).collect(),
            features,
        }
    }

    /// The mean of feature number `feature` for a clip after all detectors.
    pub(super) fn mean(&self, clip: &Clip, feature: usize, mean: f64) -> anyhow::Result<f64> {
        let Some(view) = self.views.get(&clip.hash) else {
            return Ok(mean);
        };
        let pooled = Tensor::from_slice(view).unsqueeze(0);
        let (low, high) = self.features[feature].range();
        let (low, span) = (f64::from(low), f64::from(high - low));
        let share = Tensor::full(
            [1, self.features.len() as i64],
            (mean - low) / span,
            (Kind::Float, pooled.device()),
        );
        let share = heard(self.detectors, &pooled, share);
        Ok(low + span * share.double_value(&[0, feature as i64]))
    }
}

/// The probability of each view of each clip.
fn probabilities(detector: &Detector, examples: &[&Example<'_>]) -> anyhow::Result<Vec<f64>> {
    let views = examples.iter().flat_map(|example| &example.views);
    let views: Vec<_> = views.map(|view| Tensor::from_slice(view)).collect();
    if views.is_empty() {
        return Ok(Vec::new());
    }
    let found = detector.probability(&Tensor::stack(&views, 0));
    Ok(Vec::try_from(found.view([-1]).to_kind(Kind::Double))?)
}

/// How far the whole clips are drawn, sorted.
fn pulls(detector: &Detector, examples: &[&Example<'_>]) -> anyhow::Result<Vec<f64>> {
    let pull = |example: &&Example<'_>| f64::try_from(detector.pull(&example.view(0).unsqueeze(0)));
    let mut pulls = examples.iter().map(pull).collect::<Result<Vec<_>, _>>()?;
    pulls.sort_by(f64::total_cmp);
    Ok(pulls)
}

/// Of sorted values; NaN of none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted
        .get((share * last).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newton_finds_what_separates() {
        let (mut rows, mut truth) = (Vec::new(), Vec::new());
        for i in 0..200 {
            let has = i % 10 == 0;
            let x = f64::from(i % 7) * 0.1 + if has { 3.0 } else { 0.0 };
            rows.extend([x, f64::from(i % 3)]);
            truth.push(f64::from(u8::from(has)));
        }
        let rows = Tensor::from_slice(&rows).view([-1, 2]);
        let (weight, bias) = logistic(&rows, &Tensor::from_slice(&truth)).unwrap();
        let found = (rows.matmul(&weight) + bias).sigmoid();
        let found = Vec::<f64>::try_from(found.view([-1])).unwrap();
        for (found, truth) in found.iter().zip(truth) {
            assert!((found - truth).abs() < 0.3, "{found} for {truth}");
        }
        assert!(f64::try_from(weight.get(0)).unwrap() > 1.0);
        assert!(f64::try_from(weight.get(1)).unwrap().abs() < 0.3);
    }
}
