//! Errors of predictions, and the calibration of their uncertainty.

use echometer_engine::model::FeatureMetrics;

/// A prediction beside the truth, for one clip and feature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scored {
    pub(crate) truth: f64,
    pub(crate) mean: f64,
    pub(crate) sd: f64,
    /// Mean of the training labels: what the baseline says.
    pub(crate) baseline: f64,
    /// Fold that the clip was held out in.
    pub(crate) fold: usize,
}

/// Half width of a Gaussian's central 80 %, in standard deviations.
const BAND_80: f64 = 1.281_551_565_5;

/// Mean and population variance; zeros for nothing.
pub(crate) fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (
        mean,
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count,
    )
}

/// How predictions of a feature that is hardly known are drawn to the mean, since they differ more than they know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shrinkage {
    /// What is left of the difference to the centre, 0–1.
    pub(crate) gain: f64,
    /// Mean of the predictions.
    pub(crate) centre: f64,
}

impl Shrinkage {
    /// The slope of the truth over the predictions, where it is below 1; nothing is changed by fewer than three clips.
    pub(crate) fn of(scored: &[Scored]) -> Self {
        let means: Vec<_> = scored.iter().map(|s| s.mean).collect();
        let truths: Vec<_> = scored.iter().map(|s| s.truth).collect();
        let ((centre, variance), (truth, _)) = (mean_and_variance(&means), mean_and_variance(&truths));
        let covariance = scored
            .iter()
            .map(|s| (s.mean - centre) * (s.truth - truth))
            .sum::<f64>()
            / scored.len().max(1) as f64;
        let slope = if scored.len() < 3 || variance <= 0.0 {
            1.0
        } else {
            covariance / variance
        };
        Self {
            gain: slope.clamp(0.0, 1.0),
            centre,
        }
    }

    /// `value` drawn to the centre.
    pub(crate) fn apply(self, value: f64) -> f64 {
        self.centre + self.gain * (value - self.centre)
    }
}

/// Metrics of held-out predictions; `None` where there are none.
///
/// The share inside the 80 % band is measured on each fold with the calibration of the others.
pub(crate) fn metrics(scored: &[Scored]) -> Option<FeatureMetrics> {
    if scored.is_empty() {
        return None;
    }
    let count = scored.len() as f64;
    let average = |value: &dyn Fn(&Scored) -> f64| scored.iter().map(value).sum::<f64>() / count;
    let mse = average(&|s| (s.mean - s.truth).powi(2));
    let truths: Vec<_> = scored.iter().map(|s| s.truth).collect();
    let (_, variance) = mean_and_variance(&truths);
    // Each fold is judged with the calibration of the others.
    let mut folds: Vec<_> = scored.iter().map(|s| s.fold).collect();
    folds.sort_unstable();
    folds.dedup();
    let inside: usize = folds
        .into_iter()
        .map(|fold| {
            let (held_out, others): (Vec<_>, Vec<_>) = scored.iter().copied().partition(|s| s.fold == fold);
            let factor = calibration(&others);
            held_out.iter().filter(|s| is_inside_80(s, factor)).count()
        })
        .sum();
    Some(FeatureMetrics {
        clips: scored.len(),
        mae: average(&|s| (s.mean - s.truth).abs()),
        mse,
        r2: if variance > 0.0 { 1.0 - mse / variance } else { 0.0 },
        baseline_mae: average(&|s| (s.baseline - s.truth).abs()),
        baseline_mse: average(&|s| (s.baseline - s.truth).powi(2)),
        band80: inside as f64 / count,
    })
}

/// Whether the truth lies inside the 80 % band, once the standard deviation is multiplied with `factor`.
pub(crate) fn is_inside_80(scored: &Scored, factor: f64) -> bool {
    (scored.mean - scored.truth).abs() <= BAND_80 * factor * scored.sd
}

/// The factor on the standard deviations that puts 80 % of the truths inside the 80 % band; 1 for nothing.
pub(crate) fn calibration(scored: &[Scored]) -> f64 {
    let mut ratios: Vec<_> = scored
        .iter()
        .map(|s| (s.mean - s.truth).abs() / (BAND_80 * s.sd))
        .collect();
    if ratios.is_empty() {
        return 1.0;
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let rank = (0.8 * ratios.len() as f64).ceil() as usize;
    ratios[rank.clamp(1, ratios.len()) - 1].max(0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(n: usize, error: impl Fn(usize) -> f64) -> Vec<Scored> {
        (0..n)
            .map(|i| {
                let truth = i as f64 / n as f64;
                Scored {
                    truth,
                    mean: truth + error(i),
                    sd: 0.1,
                    baseline: 0.5,
                    fold: i % 5,
                }
            })
            .collect()
    }

    #[test]
    fn known_errors_give_known_metrics() {
        let result = metrics(&scored(100, |i| if i % 2 == 0 { 0.1 } else { -0.1 })).unwrap();
        assert!((result.mae - 0.1).abs() < 1e-12 && (result.mse - 0.01).abs() < 1e-12);
        let variance = mean_and_variance(&(0..100).map(|i| f64::from(i) / 100.0).collect::<Vec<_>>()).1;
        assert!((result.r2 - (1.0 - 0.01 / variance)).abs() < 1e-12);
        assert!(metrics(&[]).is_none());
    }

    #[test]
    fn predictions_are_drawn_to_the_mean_as_far_as_they_exaggerate() {
        let exaggerated: Vec<_> = scored(100, |_| 0.0)
            .into_iter()
            .map(|s| Scored {
                mean: 0.5 + 2.0 * (s.truth - 0.5),
                ..s
            })
            .collect();
        let shrinkage = Shrinkage::of(&exaggerated);
        assert!((shrinkage.gain - 0.5).abs() < 1e-9, "{shrinkage:?}");
        assert!((shrinkage.apply(1.0) - 0.745).abs() < 1e-9, "{shrinkage:?}");
        let timid: Vec<_> = exaggerated
            .iter()
            .map(|s| Scored {
                mean: 0.5 * s.truth,
                ..*s
            })
            .collect();
        assert_eq!(Shrinkage::of(&timid).gain, 1.0);
        assert_eq!(Shrinkage::of(&[]).gain, 1.0);
    }

    #[test]
    fn calibration_covers_four_in_five() {
        let clips = scored(1000, |i| (i % 100) as f64 / 100.0);
        let factor = calibration(&clips);
        let inside = clips
            .iter()
            .filter(|s| (s.mean - s.truth).abs() <= BAND_80 * factor * s.sd + 1e-12)
            .count();
        assert_eq!(inside, 800);
        let share = metrics(&clips).unwrap().band80;
        assert!((0.77..=0.83).contains(&share), "{share}");
    }
}
