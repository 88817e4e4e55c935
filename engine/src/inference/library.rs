//! The inference library of this process: ONNX Runtime where one is found, else the embedded backend.
//!
//! Both speak ONNX Runtime's interface, and a process can hold one of them: the first decision stays.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use super::{BackendError, Device};

/// The library in effect.
#[derive(Clone)]
pub(super) struct Library {
    pub(super) environment: Environment,
    /// Where ONNX Runtime was loaded from; `None` is the embedded backend.
    pub(super) path: Option<PathBuf>,
    /// Why it is this one.
    pub(super) reason: String,
}

/// Overrides the search for ONNX Runtime's library.
const PATH_VARIABLE: &str = "ORT_DYLIB_PATH";

static DECIDED: Mutex<Option<Library>> = Mutex::new(None);

impl Library {
    /// The process's library, decided now if it was not yet.
    pub(super) fn get(device: Device) -> Result<Self, BackendError> {
        let mut decided = DECIDED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = &*decided {
            let fits = match device {
                Device::Auto => true,
                Device::Embedded => library.path.is_none(),
                _ => library.path.is_some(),
            };
            return if fits {
                Ok(library.clone())
            } else {
                Err(library.conflict(device))
            };
        }
        let library = match device {
            Device::Embedded => Self::embedded("asked for")?,
            Device::Auto => match Self::onnx_runtime() {
                Ok(library) => library,
                Err(tried) => Self::embedded(&format!("no ONNX Runtime: {tried}"))?,
            },
            _ => Self::onnx_runtime().map_err(|tried| BackendError::NoRuntime {
                device,
                tried,
                variable: PATH_VARIABLE,
            })?,
        };
        Ok(decided.insert(library).clone())
    }

    fn onnx_runtime() -> Result<Self, String> {
        let mut tried = Vec::new();
        for path in candidates() {
            match ort::init_from(&path).map(|builder| builder.with_name("echometer").build()) {
                Ok(Ok(environment)) => {
                    let reason = format!("found {}", path.display());
                    return Ok(Self {
                        environment,
                        path: Some(path),
                        reason,
                    });
                }
                Ok(Err(error)) => tried.push(format!("{}: {error}", path.display())),
                Err(error) => tried.push(error.to_string()),
            }
        }
        Err(tried.join("; "))
    }

    fn embedded(reason: &str) -> Result<Self, BackendError> {
        if !ort::set_api(ort_tract::api()) {
            return Err(BackendError::Environment(
                "an ONNX Runtime is loaded that does not work".into(),
            ));
        }
        let environment = ort::init()
            .with_name("echometer")
            .build()
            .map_err(BackendError::environment)?;
        Ok(Self {
            environment,
            path: None,
            reason: reason.to_owned(),
        })
    }

    fn conflict(&self, device: Device) -> BackendError {
        let decided = if self.path.is_some() {
            "ONNX Runtime"
        } else {
            "the embedded backend"
        };
        BackendError::Decided { device, decided }
    }
}

/// The variable's path alone where it is set; else beside the program, in an installation's `lib`, in the system.
fn candidates() -> Vec<PathBuf> {
    if let Some(path) = std::env::var_os(PATH_VARIABLE).filter(|path| !path.is_empty()) {
        return vec![path.into()];
    }
    let name = format!(
        "{}onnxruntime{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let program = std::env::current_exe().ok();
    let folder = program.as_deref().and_then(Path::parent);
    let near = folder
        .into_iter()
        .flat_map(|folder| [folder.to_owned(), folder.join("../lib/echometer")]);
    let mut paths: Vec<_> = near
        .map(|folder| folder.join(&name))
        .filter(|path| path.exists())
        .collect();
    paths.push(name.into());
    paths
}
