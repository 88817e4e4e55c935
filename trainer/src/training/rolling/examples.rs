//! What a head learns from: clips, and, where the trunk is taught already, views of them through it.

use std::sync::atomic::{AtomicBool, Ordering};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tch::Tensor;

use super::run::Settings;
use crate::data::clips::Clip;
use crate::network::Network;
use crate::report::progress_bar;
use crate::training::augment::crops;

/// Shortest and longest random crop in frames (2.5 and 15 s at 80 frames a second). Their windows are masked like those
/// of a meter that has just begun, which teaches the standard deviations what an incomplete window is worth.
const CROP: std::ops::RangeInclusive<i64> = 200..=1200;
/// Share of crops that are whole clips, so that a full window is known too.
const WHOLE: f64 = 0.25;
/// Views of a clip besides the whole, unchanged one; few where there are many clips.
pub(super) const VIEWS: usize = 32;
pub(super) const FEW_VIEWS: usize = 4;

/// A clip to learn from.
pub(crate) struct Example<'a> {
    pub(crate) clip: &'a Clip,
    /// Each `[pooled]`, the whole and unchanged clip first; empty where the trunk is still to be learned.
    pub(super) views: Vec<Vec<f32>>,
}

/// A random length of crops from clips of at least `shortest` frames.
pub(super) fn crop(shortest: i64, rng: &mut StdRng) -> i64 {
    if rng.random_bool(WHOLE) {
        shortest
    } else {
        rng.random_range(CROP).min(shortest)
    }
}

/// Clips as they are.
pub(super) fn plain(clips: &[Clip]) -> Vec<Example<'_>> {
    let plain = |clip| Example {
        clip,
        views: Vec::new(),
    };
    clips.iter().map(plain).collect()
}

/// Clips with `count` views and the whole one through the network's trunk; `None` where `stop` came first.
pub(super) fn seen<'a>(
    network: &Network,
    clips: &'a [Clip],
    count: usize,
    settings: &Settings,
    stop: &AtomicBool,
) -> std::io::Result<Option<Vec<Example<'a>>>> {
    let bar = progress_bar(clips.len() as u64, "views");
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let mut examples = Vec::new();
    for clip in clips {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let look = |frames: Tensor| {
            let pooled = tch::no_grad(|| network.pooled(&frames, false));
            Vec::<f32>::try_from(pooled.view([-1])).map_err(|error| std::io::Error::other(error.to_string()))
        };
        let mut views = vec![look(clip.whole()?.unsqueeze(0).to_device(settings.device))?];
        for _ in 0..count {
            let length = crop(clip.len(), &mut rng);
            let (frames, _) = crops([clip], length, settings.device, &mut rng)?;
            views.push(look(frames)?);
        }
        examples.push(Example { clip, views });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Some(examples))
}

impl Example<'_> {
    /// A view, `[pooled]`; the first is of the whole and unchanged clip.
    pub(super) fn view(&self, i: usize) -> Tensor {
        Tensor::from_slice(&self.views[i])
    }

    /// A random view.
    pub(super) fn any_view(&self, rng: &mut StdRng) -> Tensor {
        self.view(rng.random_range(0..self.views.len()))
    }
}
