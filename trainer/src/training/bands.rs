//! Mean and standard deviation of each mel band, by which every network's input is normalised.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tch::Tensor;

use crate::data::clips::Clip;

/// Statistics of the mel bands over clips.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bands {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

/// Clips that are looked at, evenly spread over all: their frames are many more than the statistics need, and reading
/// every frame of a large data set takes hours.
const MOST: usize = 10_000;

/// Sum and sum of squares of each band.
type Sums = (Vec<f64>, Vec<f64>);

impl Bands {
    /// Reads the clips on all cores; `None` where `stop` came first.
    pub(crate) fn of(clips: &[&Clip], mels: usize, stop: &AtomicBool) -> std::io::Result<Option<Self>> {
        let step = clips.len().div_ceil(MOST).max(1);
        let looked_at: Vec<_> = clips.iter().step_by(step).collect();
        let sums = looked_at
            .par_iter()
            .map(|clip| match stop.load(Ordering::Relaxed) {
                true => Ok(None),
                false => sums(clip, mels).map(Some),
            })
            .collect::<std::io::Result<Option<Vec<Sums>>>>()?;
        let Some(sums) = sums else { return Ok(None) };
        // Added up in order: the result does not depend on which thread was faster.
        let (mut sum, mut squares) = (vec![0.0; mels], vec![0.0; mels]);
        for (clip_sum, clip_squares) in sums {
            sum.iter_mut().zip(clip_sum).for_each(|(all, one)| *all += one);
            squares
                .iter_mut()
                .zip(clip_squares)
                .for_each(|(all, one)| *all += one);
        }
        let count = looked_at.iter().map(|clip| clip.len()).sum::<i64>().max(1) as f64;
        let mean: Vec<_> = sum.iter().map(|sum| sum / count).collect();
        let variance = squares
            .iter()
            .zip(&mean)
            .map(|(squares, mean)| squares / count - mean * mean);
        Ok(Some(Self {
            deviation: variance.map(|variance| variance.max(0.0).sqrt()).collect(),
            mean,
        }))
    }

    /// Mean of each band.
    pub(crate) fn mean(&self) -> Tensor {
        Tensor::from_slice(&self.mean)
    }

    /// Standard deviation of each band.
    pub(crate) fn deviation(&self) -> Tensor {
        Tensor::from_slice(&self.deviation)
    }
}

fn sums(clip: &Clip, mels: usize) -> std::io::Result<Sums> {
    let (mut sum, mut squares) = (vec![0.0; mels], vec![0.0; mels]);
    for frame in clip.rows()?.chunks_exact(mels) {
        for (band, value) in frame.iter().map(|&value| f64::from(value)).enumerate() {
            sum[band] += value;
            squares[band] += value * value;
        }
    }
    Ok((sum, squares))
}
