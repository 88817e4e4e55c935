//! The command line.

use std::path::PathBuf;

use clap::Parser;
use echometer_engine::Feature;

/// Trains a model on labelled clips and exports it for the analyzer and the plugin.
///
/// The manifest is a CSV with the columns `path` (relative to it) and `start` (seconds), any of the eight features, and
/// optionally `artist`, which keeps an artist's clips on one side of a split. An empty cell is a missing label; a column
/// `FEATURE_trusted` with `no` makes that clip's label missing too. Other columns are ignored.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    /// What to learn: `all`, or names with commas between.
    #[arg(long, default_value = "all", value_parser = parse_features)]
    pub(crate) features: Features,

    /// The manifest.
    #[arg(long, value_name = "MANIFEST")]
    pub(crate) data: PathBuf,

    /// Folder for the cache, checkpoints, report and model. The same command goes on where it was stopped.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Passes over the training clips.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) epochs: u32,

    /// Clips in a batch.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub(crate) batch: u32,

    /// Largest learning rate; it warms up and falls to zero along a cosine.
    #[arg(long, default_value_t = 2e-3, value_parser = parse_rate)]
    pub(crate) learning_rate: f64,

    /// Folds of the cross-validation that measures the model; 0 skips it, and the model says that it is unmeasured.
    #[arg(long, default_value_t = 5, value_parser = parse_folds)]
    pub(crate) folds: usize,

    /// Seed of every random choice. On a CPU, the same seed gives the same model bit for bit.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Where to train: `auto`, `cpu` or `cuda:N`.
    #[arg(long, default_value = "auto", value_parser = parse_device)]
    pub(crate) device: Device,

    /// Threads libtorch computes with; 0 for one a core.
    #[arg(long, default_value_t = 0)]
    pub(crate) threads: u32,

    /// Name of the model on its card.
    #[arg(long, default_value = "echometer")]
    pub(crate) name: String,

    /// Version of the model on its card.
    #[arg(long, default_value = "0.1.0")]
    pub(crate) model_version: String,

    /// Licence of the model on its card.
    #[arg(long, default_value = "MIT OR Apache-2.0")]
    pub(crate) licence: String,

    /// What the data is, in words, for the card.
    #[arg(long, default_value = "user-supplied clips")]
    pub(crate) data_note: String,
}

/// Features to learn, in canonical order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Features(pub(crate) Vec<Feature>);

fn parse_features(text: &str) -> Result<Features, String> {
    if text.trim().eq_ignore_ascii_case("all") {
        return Ok(Features(Feature::ALL.to_vec()));
    }
    let mut features = text
        .split(',')
        .map(|name| name.parse::<Feature>().map_err(|error| error.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    features.sort_unstable();
    features.dedup();
    Ok(Features(features))
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (1e-9..=1.0).contains(rate));
    rate.ok_or_else(|| format!("`{text}`, but must be a number from 1e-9 to 1"))
}

fn parse_folds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(1) | Err(_) => Err(format!("`{text}` folds, but must be 0 or at least 2")),
        Ok(folds) => Ok(folds),
    }
}

/// Where to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    Auto,
    Cpu,
    Cuda(usize),
}

fn parse_device(text: &str) -> Result<Device, String> {
    match text {
        "auto" => Ok(Device::Auto),
        "cpu" => Ok(Device::Cpu),
        "cuda" => Ok(Device::Cuda(0)),
        _ => text
            .strip_prefix("cuda:")
            .and_then(|index| index.parse().ok())
            .map(Device::Cuda)
            .ok_or_else(|| format!("`{text}`, but must be auto, cpu or cuda:N")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_parse_in_any_order() {
        assert_eq!(parse_features("all").unwrap().0, Feature::ALL);
        let some = parse_features("energy, Danceability,energy").unwrap().0;
        assert_eq!(some, [Feature::Danceability, Feature::Energy]);
        assert!(parse_features("tempo").unwrap_err().contains("`tempo`"));
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
