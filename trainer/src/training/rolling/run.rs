//! One run: a network fitted to some clips, whole, or its head alone on a trunk that was taught.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, ensure};
use echometer_engine::{Feature, PerFeature};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use tch::{Device, Tensor};

use super::examples::{Example, crop};
use super::loss::{Labels, loss, weights};
use crate::distil::Taught;
use crate::network::{Geometry, Network};
use crate::training::augment::crops;
use crate::training::course::{Course, guarded};
use crate::training::metrics;

/// What a run depends on besides its clips.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) features: Vec<Feature>,
    pub(crate) mels: i64,
    /// Columns of a full window.
    pub(crate) window: i64,
    pub(crate) epochs: u32,
    pub(crate) batch: usize,
    pub(crate) learning_rate: f64,
    pub(crate) seed: u64,
    pub(crate) device: Device,
    /// A trunk that is taken as it is; without one, trunk and head are learned together.
    pub(crate) taught: Option<Taught>,
}

/// Version of everything in this folder and the network that changes what a run comes to; raised with any such change.
pub(super) const RECIPE: u32 = 6;
const WEIGHT_DECAY: f64 = 0.05;
/// The same where a head is learned alone: it has few clips and many weights.
const HEAD_DECAY: f64 = 3.0;

/// What a weak label weighs beside one of a clip in the same batch, in which there are as many of each.
const WEAK: f32 = 0.5;

/// Fits a network to `examples`, and less to the `weak` ones, or goes on from the checkpoint in `folder`.
pub(super) fn fit(
    examples: &[&Example<'_>],
    weak: &[Example<'_>],
    settings: &Settings,
    folder: &Path,
    name: &str,
    stop: &AtomicBool,
) -> anyhow::Result<Network> {
    guarded(name, settings.batch, || {
        fit_unguarded(examples, weak, settings, folder, name, stop)
    })
}

/// A network that has learned nothing, but for a taught trunk.
pub(super) fn fresh(settings: &Settings, prior: &PerFeature<f32>) -> anyhow::Result<Network> {
    // One seed a run makes its initial weights repeatable.
    tch::manual_seed(settings.seed as i64);
    let mut network = Network::new(
        settings.device,
        settings.mels,
        settings.window,
        &settings.features,
        prior,
    );
    if let Some(taught) = &settings.taught {
        let file = taught.weights.display();
        let missing = network.vars.load_partial(&taught.weights);
        let missing = missing.with_context(|| format!("{file}: the trunk cannot be read"))?;
        let lost: Vec<_> = missing.iter().filter(|name| name.starts_with("trunk")).collect();
        ensure!(lost.is_empty(), "{file}: the trunk lacks {lost:?}");
        for (name, variable) in network.vars.variables() {
            if name.starts_with("trunk") {
                let _ = variable.set_requires_grad(false);
            }
        }
    }
    Ok(network)
}

fn fit_unguarded(
    examples: &[&Example<'_>],
    weak: &[Example<'_>],
    settings: &Settings,
    folder: &Path,
    name: &str,
    stop: &AtomicBool,
) -> anyhow::Result<Network> {
    let network = fresh(settings, &prior(examples))?;
    let weights = weights(examples, &settings.features, settings.device);
    let course = Course {
        name,
        folder,
        key: key(examples, weak, settings),
        epochs: settings.epochs,
        batch: settings.batch,
        learning_rate: settings.learning_rate,
        weight_decay: match settings.taught {
            Some(_) => HEAD_DECAY,
            None => WEIGHT_DECAY,
        },
        seed: settings.seed,
    };
    let begin = || {
        if settings.taught.is_some() {
            let views = examples.iter().flat_map(|example| &example.views);
            let views: Vec<_> = views.map(|view| Tensor::from_slice(view)).collect();
            network
                .head
                .normalise_with(&Tensor::stack(&views, 0).to_device(settings.device));
            return Ok(true);
        }
        let clips: Vec<_> = examples.iter().map(|example| example.clip).collect();
        network.trunk.normalise_over(&clips, stop)
    };
    course.run(&network.vars, examples.len(), stop, begin, |batch, rng| {
        let mut batch: Vec<_> = batch.iter().map(|&i| examples[i]).collect();
        let labels =
            |batch: &[&Example<'_>], weight| Labels::of(batch, weight, &settings.features, settings.device);
        let weakly: Vec<_> = weak.choose_multiple(rng, batch.len()).collect();
        let labels = labels(&batch, 1.0).and(&labels(&weakly, WEAK));
        batch.extend(weakly);
        let pooled = match settings.taught {
            Some(_) => {
                let views: Vec<_> = batch.iter().map(|example| example.any_view(rng)).collect();
                Tensor::stack(&views, 0).to_device(settings.device)
            }
            None => learned(&network, &batch, settings, rng)?,
        };
        Ok(loss(&network.head, &pooled, &labels, &weights))
    })?;
    centre(&network, examples, settings)?;
    Ok(network)
}

/// What the head is given of random crops through a trunk that learns.
fn learned(
    network: &Network,
    batch: &[&Example<'_>],
    settings: &Settings,
    rng: &mut StdRng,
) -> std::io::Result<Tensor> {
    let shortest = batch.iter().map(|example| example.clip.len()).min().unwrap_or(1);
    let length = crop(shortest, rng);
    let clips = batch.iter().map(|example| example.clip);
    let (frames, _) = crops(clips, length, settings.device, rng)?;
    Ok(network.pooled(&frames, true))
}

/// Moves the means to where those of the labels are: what is learned on a feature's scale is off in its own units.
fn centre(network: &Network, examples: &[&Example<'_>], settings: &Settings) -> std::io::Result<()> {
    let head = &network.head;
    let whole = examples.iter().map(|example| match settings.taught {
        Some(_) => Ok(example.view(0)),
        None => tch::no_grad(|| {
            let frames = example.clip.whole()?.unsqueeze(0).to_device(settings.device);
            Ok(network.pooled(&frames, false).squeeze_dim(0))
        }),
    });
    let whole = Tensor::stack(&whole.collect::<std::io::Result<Vec<_>>>()?, 0).to_device(settings.device);
    let labels = Labels::of(examples, 1.0, &settings.features, settings.device);
    tch::no_grad(|| {
        let share = (head.read(&whole).mean - &head.low) / &head.span;
        head.centre(&(labels.excess_over(&share) + &head.offset));
    });
    Ok(())
}

/// The mean of each label; the middle of the range where there is none.
fn prior(examples: &[&Example<'_>]) -> PerFeature<f32> {
    PerFeature::from_fn(|feature| {
        let labels: Vec<_> = examples
            .iter()
            .filter_map(|example| example.clip.labels[feature])
            .map(f64::from)
            .collect();
        let (low, high) = feature.range();
        if labels.is_empty() {
            0.5 * (low + high)
        } else {
            metrics::mean_and_variance(&labels).0 as f32
        }
    })
}

/// A fingerprint of everything the result depends on.
fn key(examples: &[&Example<'_>], weak: &[Example<'_>], settings: &Settings) -> String {
    let clips: Vec<_> = examples
        .iter()
        .copied()
        .chain(weak)
        .map(|example| (example.clip.hash, example.clip.labels))
        .collect();
    let taught = settings.taught.as_ref().map(|taught| &taught.id);
    let settings = Settings {
        taught: None, // Its id counts, and not where it lies.
        ..settings.clone()
    };
    let geometry = Geometry::standard(settings.mels);
    echometer_engine::model::sha256_hex(
        format!("{RECIPE} {settings:?} {taught:?} {geometry:?} {clips:?}").as_bytes(),
    )
}
