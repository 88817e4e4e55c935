//! Predictions for whole clips.

use tch::Tensor;

use super::run::Settings;
use crate::data::clips::Clip;
use crate::network::Network;
use crate::training::metrics::{Scored, mean_and_variance};

/// Mean and standard deviation of each of the settings' features for one whole clip.
fn predict(network: &Network, clip: &Clip, settings: &Settings) -> std::io::Result<Vec<(f32, f32)>> {
    let frames = clip.whole()?;
    Ok(tch::no_grad(|| {
        let frames = frames.unsqueeze(0).to_device(settings.device);
        let prediction = network.forward(&frames);
        let values = |tensor: &Tensor| Vec::<f32>::try_from(tensor.view([-1])).unwrap_or_default();
        values(&prediction.mean)
            .into_iter()
            .zip(values(&prediction.sd))
            .collect()
    }))
}

/// A held-out clip's prediction of one feature.
pub(crate) struct Held<'a> {
    pub(crate) clip: &'a Clip,
    pub(crate) scored: Scored,
}

/// Scores held-out clips, one list a feature of the settings; `training` gives the baseline.
pub(crate) fn score<'a>(
    network: &Network,
    held_out: &[&'a Clip],
    training: &[&Clip],
    settings: &Settings,
    fold: usize,
) -> std::io::Result<Vec<Vec<Held<'a>>>> {
    let baselines: Vec<_> = settings
        .features
        .iter()
        .map(|&feature| {
            let labels = training
                .iter()
                .filter_map(|clip| clip.labels[feature])
                .map(f64::from);
            mean_and_variance(&labels.collect::<Vec<_>>()).0
        })
        .collect();
    let mut held: Vec<Vec<_>> = settings.features.iter().map(|_| Vec::new()).collect();
    for &clip in held_out {
        let predictions = predict(network, clip, settings)?;
        for (i, (&feature, (mean, sd))) in settings.features.iter().zip(predictions).enumerate() {
            if let Some(truth) = clip.labels[feature] {
                let scored = Scored {
                    truth: f64::from(truth),
                    mean: f64::from(mean),
                    sd: f64::from(sd),
                    baseline: baselines[i],
                    fold,
                };
                held[i].push(Held { clip, scored });
            }
        }
    }
    Ok(held)
}
