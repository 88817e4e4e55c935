//! Checkpoints of a run: weights, optimiser and position, written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::optimiser::AdamW;
use crate::network::Network;

/// A run's checkpoint file.
pub(crate) struct Checkpoint {
    path: PathBuf,
    key: String,
}

#[derive(Serialize, Deserialize)]
struct Position {
    /// Everything the run's result depends on; a different key starts anew.
    key: String,
    epochs: u32,
}

impl Checkpoint {
    pub(crate) fn new(folder: &Path, key: String) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self {
            path: folder.join("state.ot"),
            key,
        })
    }

    /// Saves the state after `epochs` finished epochs.
    pub(crate) fn save(&self, network: &Network, optimiser: &AdamW, epochs: u32) -> anyhow::Result<()> {
        let weights = network
            .vars
            .variables()
            .into_iter()
            .map(|(name, tensor)| (format!("weight {name}"), tensor));
        let position = serde_json::to_vec(&Position {
            key: self.key.clone(),
            epochs,
        })?;
        let position = ("position".to_owned(), Tensor::from_slice(&position));
        let tensors: Vec<_> = weights.chain(optimiser.state()).chain([position]).collect();
        let partial = self.path.with_extension("partial");
        let context = || format!("cannot write {}: is the disk full?", partial.display());
        Tensor::save_multi(&tensors, &partial).with_context(context)?;
        fs::rename(&partial, &self.path).with_context(context)
    }

    /// Restores the state and returns how many epochs are finished; 0, and a word why, where there is nothing to go on
    /// from.
    pub(crate) fn restore(&self, network: &mut Network, optimiser: &mut AdamW) -> u32 {
        if !self.path.exists() {
            return 0;
        }
        match self.read(network, optimiser) {
            Ok(epochs) => epochs,
            Err(reason) => {
                tracing::warn!(
                    "{} is not gone on from, and will be replaced: {reason}",
                    self.path.display()
                );
                0
            }
        }
    }

    fn read(&self, network: &mut Network, optimiser: &mut AdamW) -> Result<u32, String> {
        let tensors = Tensor::load_multi(&self.path).map_err(|error| error.to_string())?;
        let find = |name: &str| {
            tensors
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, tensor)| tensor)
        };
        let bytes = find("position").and_then(|tensor| Vec::<u8>::try_from(tensor).ok());
        let position = bytes.and_then(|bytes| serde_json::from_slice::<Position>(&bytes).ok());
        let position = position.ok_or("it holds no position")?;
        if position.key != self.key {
            return Err("it comes from other clips, settings or another version of the trainer".into());
        }
        let variables = network.vars.variables();
        if let Some(name) = variables
            .keys()
            .find(|name| find(&format!("weight {name}")).is_none())
        {
            return Err(format!("it lacks the weights `{name}`"));
        }
        tch::no_grad(|| {
            for (name, mut variable) in variables {
                if let Some(saved) = find(&format!("weight {name}")) {
                    variable.copy_(saved);
                }
            }
        });
        optimiser.restore(&tensors);
        Ok(position.epochs)
    }
}
