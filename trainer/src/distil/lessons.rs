//! A teacher's lessons as targets: standardised, and reduced to the directions in which they differ most.

use std::sync::atomic::{AtomicBool, Ordering};

use tch::{Kind, Tensor};

use super::teacher::Teacher;
use crate::data::cache::Frames;

/// Directions kept, the most telling first.
pub(super) const DIRECTIONS: i64 = 192;
/// Added to each value's deviation, as a share of its block's mean one: what hardly ever varies is not blown up.
const DEVIATION_FLOOR: f64 = 0.5;
/// A direction of variance v weighs v to this power: between all directions alike (0) and as they are (1).
const EVENNESS: f64 = 0.7;

/// The targets of many clips.
pub(super) struct Targets {
    /// `[patches, DIRECTIONS]`, clip after clip.
    rows: Tensor,
    /// Each clip's first row, and the end of the last.
    first: Vec<i64>,
    /// What an error in each direction costs; a constant guess costs 1 in all.
    pub(super) weights: Tensor,
}

impl Targets {
    /// Reads the lessons three times, none of which holds them all in memory; `None` where `stop` came first.
    pub(super) fn of(lessons: &[&Frames], stop: &AtomicBool) -> std::io::Result<Option<Self>> {
        let width = Teacher::values() as i64;
        let rows = |lesson: &Frames| -> std::io::Result<Tensor> {
            Ok(Tensor::from_slice(lesson.rows(0..lesson.len())?).view([-1, width]))
        };
        let mut first = vec![0];
        let (mut sum, mut squares) = [(); 2]
            .map(|()| Tensor::zeros([width], (Kind::Double, tch::Device::Cpu)))
            .into();
        for lesson in lessons {
            let rows = rows(lesson)?.to_kind(Kind::Double);
            sum += rows.sum_dim_intlist([0].as_slice(), false, Kind::Double);
            squares += rows.square().sum_dim_intlist([0].as_slice(), false, Kind::Double);
            first.push(first.last().unwrap_or(&0) + rows.size()[0]);
        }
        let count = (*first.last().unwrap_or(&0)).max(1) as f64;
        let mean = sum / count;
        let deviation = (squares / count - mean.square()).clamp_min(0.0).sqrt();
        // Blocks weigh alike, however wide they are.
        let scale = Teacher::blocks().into_iter().map(|block| {
            let own = deviation.narrow(0, block.start as i64, block.len() as i64);
            ((&own + own.mean(Kind::Double) * DEVIATION_FLOOR) * (block.len() as f64).sqrt()).reciprocal()
        });
        let scale = Tensor::cat(&scale.collect::<Vec<_>>(), 0);
        let (mean, scale) = (mean.to_kind(Kind::Float), scale.to_kind(Kind::Float));
        let standard = |lesson: &Frames| -> std::io::Result<Tensor> { Ok((rows(lesson)? - &mean) * &scale) };

        let mut covariance = Tensor::zeros([width, width], (Kind::Float, tch::Device::Cpu));
        for lesson in lessons {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let rows = standard(lesson)?;
            covariance += rows.tr().matmul(&rows);
        }
        let (variances, directions) = (covariance / count).linalg_eigh("L");
        let kept = DIRECTIONS.min(width);
        let last = |x: &Tensor, axis: i64| x.narrow(axis, width - kept, kept).flip([axis]);
        let (variances, directions) = (last(&variances, 0).clamp_min(1e-9), last(&directions, 1));
        let reduced = lessons
            .iter()
            .map(|lesson| Ok(standard(lesson)?.matmul(&directions)));
        let weights = variances.pow_tensor_scalar(EVENNESS - 1.0);
        let all = (&weights * &variances).sum(Kind::Float);
        Ok(Some(Self {
            rows: Tensor::cat(&reduced.collect::<std::io::Result<Vec<_>>>()?, 0),
            first,
            weights: weights / all,
        }))
    }

    /// How many patches `clip` has.
    pub(super) fn patches(&self, clip: usize) -> i64 {
        self.first[clip + 1] - self.first[clip]
    }

    /// The targets of patches, each a clip and the number of its patch: `[patches, DIRECTIONS]`.
    pub(super) fn of_patches(&self, patches: &[(usize, i64)]) -> Tensor {
        let rows: Vec<_> = patches
            .iter()
            .map(|&(clip, patch)| self.first[clip] + patch)
            .collect();
        self.rows.index_select(0, &Tensor::from_slice(&rows))
    }
}
