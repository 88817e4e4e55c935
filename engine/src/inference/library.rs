//! ONNX Runtime, where there is one: found once, loaded at run time.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;

/// Overrides the search for ONNX Runtime's library.
const PATH_VARIABLE: &str = "ORT_DYLIB_PATH";

/// The variable and the value without which ONNX Runtime is not used, save on Windows. Builds from 1.29 on send a description of the
/// program and the machine to their makers and keep an identifier in the user's home, as soon as they are set up and whatever their
/// interface is told then: only this keeps them from it. A program sets it before its first thread; a plugin cannot set it for its host.
pub const QUIET: (&str, &str) = ("ORT_DISABLE_TELEMETRY", "1");

static ALSO: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Also looks for ONNX Runtime's library in `folder`, before the system: for a plugin, whose program is its host.
///
/// Has no effect once a model was loaded, or was to be, on anything but [`super::Device::Embedded`].
pub fn also_search(folder: impl Into<PathBuf>) {
    let mut folders = ALSO.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder.into();
    if !folders.contains(&folder) {
        folders.push(folder);
    }
}

/// The ONNX Runtime of this process.
#[derive(Clone)]
pub(super) struct OnnxRuntime {
    pub(super) environment: Environment,
    pub(super) path: PathBuf,
}

impl OnnxRuntime {
    /// The process's ONNX Runtime, or why there is none to use and what to do. The first answer stays.
    pub(super) fn get() -> Result<Self, String> {
        static FOUND: OnceLock<Result<OnnxRuntime, String>> = OnceLock::new();
        FOUND.get_or_init(Self::find).clone()
    }

    fn find() -> Result<Self, String> {
        let (variable, quiet) = QUIET;
        let value = std::env::var_os(variable);
        if !cfg!(windows) && value.as_deref() != Some(quiet.as_ref()) {
            let value = value.map_or("not set".into(), |value| format!("{value:?}"));
            return Err(format!(
                "the variable {variable} is {value}, and without {variable}={quiet} it may report to its makers: start the program with that"
            ));
        }
        let mut tried = Vec::new();
        for path in candidates() {
            // On Windows this is what keeps it from reporting, through the system; the variable has no meaning there.
            match ort::init_from(&path)
                .map(|builder| builder.with_name("echometer").with_telemetry(false).build())
            {
                Ok(Ok(environment)) => return Ok(Self { environment, path }),
                Ok(Err(error)) => tried.push(format!("{}: {error}", path.display())),
                Err(error) => tried.push(error.to_string()),
            }
        }
        Err(format!(
            "none could be loaded ({}): install it and set {PATH_VARIABLE} to its library",
            tried.join("; ")
        ))
    }
}

/// The variable's path alone where it is set; else beside the program, in an installation's `lib`, in the folders of
/// [`also_search`], in the system.
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
    let also = ALSO.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let near = folder
        .into_iter()
        .flat_map(|folder| [folder.to_owned(), folder.join("../lib/echometer")])
        .chain(also);
    let mut paths: Vec<_> = near
        .map(|folder| folder.join(&name))
        .filter(|path| path.exists())
        .collect();
    paths.push(name.into());
    paths
}
