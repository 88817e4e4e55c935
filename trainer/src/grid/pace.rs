//! How fast a network trains and scores here, measured by a few steps on noise.

use std::time::Instant;

use clap::Args;
use echometer_engine::{Feature, PerFeature};
use serde::Serialize;
use tch::{Kind, Tensor};

use super::Profile;
use super::plan::Optimiser as Named;
use crate::network::thesis::{Architecture, InputShape, ThesisNetwork};
use crate::training::device::{self, Device, guard};
use crate::training::optimiser::Optimiser;
use crate::training::precision::{LossScale, Precision};

/// What `trainer pace` is called with.
#[derive(Debug, Args)]
pub(crate) struct PaceOptions {
    /// Which network
    #[arg(long, value_enum, default_value_t = Architecture::ResNet34)]
    network: Architecture,

    /// Whose input
    #[arg(long, value_enum, default_value_t = Profile::Thesis)]
    profile: Profile,

    /// Clips in a batch
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=4096))]
    batch: u32,

    /// Training steps that are timed, after two that are not
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,

    /// Where to compute: `auto`, `cpu` or `cuda:N`
    #[arg(long, default_value = "auto")]
    device: Device,

    /// Threads libtorch computes with; 0 for one a core
    #[arg(long, default_value_t = 0)]
    threads: u32,

    /// What the network computes in
    #[arg(long, value_enum, default_value_t = Precision::Auto)]
    precision: Precision,
}

/// What is timed, and on what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    pub(super) architecture: Architecture,
    pub(super) outputs: usize,
    pub(super) profile: Profile,
    pub(super) batch: usize,
    pub(super) steps: u32,
    pub(super) device: tch::Device,
    pub(super) precision: Precision,
}

/// What a clip takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Pace {
    /// Seconds in training: forward, backward and Adam's step; the fastest of the steps.
    #[serde(rename = "train_s_per_clip")]
    pub(super) train_s: f64,
    /// Seconds in scoring.
    #[serde(rename = "score_s_per_clip")]
    pub(super) score_s: f64,
    /// Trained numbers, and multiplications with them that one clip takes.
    pub(super) parameters: i64,
    #[serde(rename = "macs_per_clip")]
    pub(super) macs: i64,
}

/// Times one network and prints the result as JSON.
pub(crate) fn pace(options: &PaceOptions) -> anyhow::Result<()> {
    let device = options.device.find()?;
    device::set_threads(options.threads);
    let timed = Timed {
        architecture: options.network,
        outputs: 1,
        profile: options.profile,
        batch: options.batch as usize,
        steps: options.steps,
        device,
        precision: options
            .precision
            .on(device)
            .map_err(|reason| anyhow::anyhow!(reason))?,
    };
    let pace = measure(timed).map_err(|reason| anyhow::anyhow!(reason))?;
    println!("{}", serde_json::to_string(&pace)?);
    Ok(())
}

/// Times a few steps.
pub(super) fn measure(timed: Timed) -> Result<Pace, String> {
    guard(|| measure_guarded(timed)).map_err(|fault| fault.to_string())?
}

fn measure_guarded(timed: Timed) -> Result<Pace, String> {
    let front_end = timed.profile.front_end();
    let shape = InputShape {
        mels: front_end.mels as i64,
        frames: timed.profile.frames() as i64,
    };
    let features = &Feature::ALL[..timed.outputs];
    let network = ThesisNetwork::new(
        timed.device,
        timed.architecture,
        shape,
        features,
        &PerFeature::default(),
    );
    let network = network.map_err(|error| error.to_string())?;
    let cost = timed
        .architecture
        .cost(timed.outputs as i64, shape)
        .unwrap_or_default();
    let size = [timed.batch as i64, shape.frames, shape.mels];
    let frames = Tensor::rand(size, (Kind::Float, timed.device));
    let mut optimiser = Optimiser::new(Named::Adam.method(), network.vars.variables());
    let mut scale = LossScale::new(timed.precision);
    let mut train = || {
        let values = timed.precision.run(|| network.forward(&frames, true));
        let loss = values.square().mean(Kind::Float);
        scale.step(timed.precision, &mut optimiser, &loss, 1e-4);
        loss.double_value(&[]); // Waits for the device.
    };
    let mut score = || {
        let values = tch::no_grad(|| timed.precision.run(|| network.forward(&frames, false)));
        values.sum(Kind::Float).double_value(&[]);
    };
    train();
    train();
    score();
    Ok(Pace {
        train_s: fastest(timed, &mut train),
        score_s: fastest(timed, &mut score),
        parameters: cost.parameters,
        macs: cost.macs,
    })
}

/// Seconds a clip in the fastest of the steps.
fn fastest(timed: Timed, work: &mut dyn FnMut()) -> f64 {
    let steps = (0..timed.steps).map(|_| seconds(work));
    steps.fold(f64::INFINITY, f64::min) / timed.batch as f64
}

fn seconds(work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}
