//! Models and analysis threads, shared by all instances in the process.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use echometer_engine::model::sha256_hex;
use echometer_engine::{Device, Model, ModelError, ModelFiles, Pool, ScoreError, WeakModel, also_search};
use parking_lot::Mutex;

use crate::params::CustomModel;

/// Threads of the analysis: two keep up with dozens of instances, and leave the rest of the machine to the host.
const THREADS: usize = 2;

/// Models in use, by the SHA-256 of their cards.
static LOADED: Mutex<Option<HashMap<String, WeakModel>>> = Mutex::new(None);

/// A model, and what the user must know about how it was come by.
pub(crate) struct Loaded {
    pub(crate) model: Model,
    pub(crate) notice: Option<String>,
}

/// Why a custom model is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("the model in it is another one than the project was saved with")]
    Changed,
}

/// The analysis threads. They start with the first instance and have ended when the last is gone: a host may unload the
/// plugin then.
pub(crate) fn pool() -> Result<Arc<Pool>, ScoreError> {
    static SHARED: Mutex<Weak<Pool>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock();
    if let Some(pool) = shared.upgrade() {
        return Ok(pool);
    }
    let pool = Arc::new(Pool::new(THREADS)?);
    *shared = Arc::downgrade(&pool);
    Ok(pool)
}

/// Loads `wanted`, or the default model where there is none or it cannot be used. Takes its time: not for audio threads.
pub(crate) fn load(wanted: Option<&CustomModel>) -> Result<Loaded, ModelError> {
    let Some(custom) = wanted else {
        return Ok(Loaded {
            model: shared(&echometer_models::default_model())?,
            notice: None,
        });
    };
    match load_custom(custom) {
        Ok(model) => Ok(Loaded { model, notice: None }),
        Err(refused) => {
            let folder = custom.folder.display();
            tracing::warn!(%folder, %refused, "custom model refused");
            Ok(Loaded {
                model: shared(&echometer_models::default_model())?,
                notice: Some(format!("{folder}: {refused}. The default model is used instead.")),
            })
        }
    }
}

fn load_custom(custom: &CustomModel) -> Result<Model, Refused> {
    let files = ModelFiles::read(&custom.folder)?;
    if sha256_hex(&files.card) != custom.sha256 {
        return Err(Refused::Changed);
    }
    Ok(shared(&files)?)
}

/// The model of `files`, loaded unless another instance has it already.
fn shared(files: &ModelFiles) -> Result<Model, ModelError> {
    let key = sha256_hex(&files.card);
    // Held while loading: of many instances that open with a project, one loads and the others wait for it.
    let mut loaded = LOADED.lock();
    let loaded = loaded.get_or_insert_default();
    if let Some(model) = loaded.get(&key).and_then(WeakModel::upgrade) {
        return Ok(model);
    }
    search_beside_the_plugin();
    let model = Model::load(files, Device::Auto)?;
    loaded.retain(|_, model| model.upgrade().is_some());
    loaded.insert(key, model.downgrade());
    Ok(model)
}

/// The host is the program, so the engine must be told where a neighbouring ONNX Runtime would be.
fn search_beside_the_plugin() {
    let library = process_path::get_dylib_path();
    if let Some(folder) = library.as_deref().and_then(std::path::Path::parent) {
        also_search(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_share_a_model_until_the_last_is_gone() {
        let a = load(None).unwrap();
        let b = load(None).unwrap();
        let weak = a.model.downgrade();
        assert!(a.notice.is_none());
        drop(a);
        assert!(weak.upgrade().is_some(), "the second instance still has it");
        drop(b);
    }

    #[test]
    fn a_custom_model_is_known_by_path_and_hash() {
        let folder = tempfile::tempdir().unwrap();
        let files = echometer_models::default_model();
        let custom = CustomModel {
            folder: folder.path().into(),
            sha256: sha256_hex(&files.card),
        };
        let missing = load(Some(&custom)).unwrap();
        let notice = missing.notice.unwrap();
        assert!(notice.contains(&folder.path().display().to_string()), "{notice}");
        assert!(notice.contains("default model is used"), "{notice}");

        std::fs::write(folder.path().join("card.json"), &files.card).unwrap();
        std::fs::write(folder.path().join("trunk.onnx"), files.trunk.as_ref().unwrap()).unwrap();
        std::fs::write(folder.path().join("head.onnx"), &files.head).unwrap();
        assert!(load(Some(&custom)).unwrap().notice.is_none());

        let other = CustomModel {
            sha256: "0".repeat(64),
            ..custom
        };
        let notice = load(Some(&other)).unwrap().notice.unwrap();
        assert!(
            notice.contains("another one than the project was saved with"),
            "{notice}"
        );
    }
}
