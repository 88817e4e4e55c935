//! Checkpoints of a run: weights, optimiser and position, written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::VarStore;

use super::optimiser::Optimiser;

/// A run's checkpoint file.
pub(crate) struct Checkpoint {
    path: PathBuf,
    key: String,
}

#[derive(Serialize, Deserialize)]
struct State<P> {
    /// Everything the run's result depends on; a different key starts anew.
    key: String,
    position: P,
}

impl Checkpoint {
    pub(crate) fn new(folder: &Path, key: String) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self {
            path: folder.join("state.ot"),
            key,
        })
    }

    /// Saves the state and how far the run has come.
    pub(crate) fn save<P: Serialize>(
        &self,
        vars: &VarStore,
        optimiser: &Optimiser,
        position: &P,
    ) -> anyhow::Result<()> {
        let state = serde_json::to_vec(&State {
            key: self.key.clone(),
            position,
        })?;
        let weights = vars
            .variables()
            .into_iter()
            .map(|(name, tensor)| (format!("weight {name}"), tensor));
        let position = ("position".to_owned(), Tensor::from_slice(&state));
        let tensors: Vec<_> = weights.chain(optimiser.state()).chain([position]).collect();
        let partial = self.path.with_extension("partial");
        let context = || format!("cannot write {}: is the disk full?", partial.display());
        Tensor::save_multi(&tensors, &partial).with_context(context)?;
        fs::rename(&partial, &self.path).with_context(context)
    }

    /// Removes the file: the run is finished.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        crate::runs::remove(&self.path)
    }

    /// Restores the state and returns the position; `None`, and a word why, where there is nothing to go on from.
    pub(crate) fn restore<P: DeserializeOwned>(
        &self,
        vars: &VarStore,
        optimiser: &mut Optimiser,
    ) -> Option<P> {
        if !self.path.exists() {
            return None;
        }
        match self.read(vars, optimiser) {
            Ok(position) => Some(position),
            Err(reason) => {
                tracing::warn!(
                    "{} is not gone on from, and will be replaced: {reason}",
                    self.path.display()
                );
                None
            }
        }
    }

    fn read<P: DeserializeOwned>(&self, vars: &VarStore, optimiser: &mut Optimiser) -> Result<P, String> {
        let tensors = Tensor::load_multi(&self.path).map_err(|error| error.to_string())?;
        let find = |name: &str| {
            tensors
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, tensor)| tensor)
        };
        let bytes = find("position").and_then(|tensor| Vec::<u8>::try_from(tensor).ok());
        let state = bytes.and_then(|bytes| serde_json::from_slice::<State<P>>(&bytes).ok());
        let state = state.ok_or("it holds no position")?;
        if state.key != self.key {
            return Err("it comes from other clips, settings or another version of the trainer".into());
        }
        let variables = vars.variables();
        for (name, variable) in &variables {
            match find(&format!("weight {name}")) {
                None => return Err(format!("it lacks the weights `{name}`")),
                Some(saved) if saved.size() != variable.size() => {
                    return Err(format!("its weights `{name}` have another shape"));
                }
                Some(_) => {}
            }
        }
        tch::no_grad(|| {
            for (name, mut variable) in variables {
                if let Some(saved) = find(&format!("weight {name}")) {
                    variable.copy_(saved);
                }
            }
        });
        optimiser.restore(&tensors);
        Ok(state.position)
    }
}
