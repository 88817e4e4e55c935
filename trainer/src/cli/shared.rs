//! Arguments that several commands share.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use echometer_engine::Feature;

use crate::data::sources::DataSpec;
use crate::training::device::Device;

/// Which clips and labels.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataArgs {
    /// What to learn: `all`, or names with commas between
    #[arg(long, default_value = "all")]
    pub(crate) features: Features,

    /// MANIFEST.csv, MANIFEST.parquet, fma:DIR, spotify:FEATURES.csv or open
    #[arg(long, value_name = "DATA", value_parser = DataSpec::parse)]
    pub(crate) data: DataSpec,

    /// The folder of audio files that belong to spotify:FEATURES.csv, or of the open corpus where it is not in its usual place
    #[arg(long, value_name = "DIR")]
    pub(crate) audio: Option<PathBuf>,

    /// Folder for everything that is written. The same command goes on where it was stopped
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Folder of cached mel frames, which several OUT folders may share [default: OUT/cache]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

impl DataArgs {
    /// The folder of cached mel frames.
    pub(crate) fn cache(&self) -> PathBuf {
        self.cache.clone().unwrap_or_else(|| self.out.join("cache"))
    }
}

/// Where and how to compute.
#[derive(Debug, Clone, Args)]
pub(crate) struct ComputeArgs {
    /// Seed of every random choice. On a CPU, the same seed gives the same model bit for bit
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Where to compute: `auto`, `cpu` or `cuda:N`
    #[arg(long, default_value = "auto")]
    pub(crate) device: Device,

    /// Threads libtorch computes with; 0 for one a core
    #[arg(long, default_value_t = 0)]
    pub(crate) threads: u32,
}

/// Features to learn, in canonical order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Features(pub(crate) Vec<Feature>);

impl FromStr for Features {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("all") {
            return Ok(Self(Feature::ALL.to_vec()));
        }
        let mut features = text
            .split(',')
            .map(|name| name.parse::<Feature>().map_err(|error| error.to_string()))
            .collect::<Result<Vec<_>, _>>()?;
        features.sort_unstable();
        features.dedup();
        Ok(Self(features))
    }
}

/// The i-th of n equal parts of a list of work, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    index: usize,
    count: usize,
}

impl Part {
    /// Whether the part has the `i`-th item, from 0.
    pub(crate) fn has(self, i: usize) -> bool {
        i % self.count == self.index - 1
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)))
            .filter(|(index, count)| (1..=*count).contains(index))
            .map(|(index, count)| Self { index, count })
            .ok_or_else(|| format!("`{text}`, but must be I/N with I from 1 to N, like 2/8"))
    }
}

/// A positive learning rate.
pub(crate) fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (1e-9..=1.0).contains(rate));
    rate.ok_or_else(|| format!("`{text}`, but must be a number from 1e-9 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_parse_in_any_order() {
        assert_eq!("all".parse::<Features>().unwrap().0, Feature::ALL);
        let some = "energy, Danceability,energy".parse::<Features>().unwrap().0;
        assert_eq!(some, [Feature::Danceability, Feature::Energy]);
        assert!("tempo".parse::<Features>().unwrap_err().contains("`tempo`"));
    }

    #[test]
    fn parts_share_the_work_out() {
        let parts: Vec<Part> = (1..=3).map(|i| format!("{i}/3").parse().unwrap()).collect();
        for i in 0..100 {
            assert_eq!(parts.iter().filter(|part| part.has(i)).count(), 1);
        }
        for wrong in ["", "0/3", "4/3", "1", "a/b", "1/0"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }
}
