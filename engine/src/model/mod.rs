//! A model: its card and its one or two graphs, checked and ready to run.

mod ahead;
mod bounds;
mod card;
mod check;
mod files;
mod node;
pub mod onnx;
mod ports;
mod shapes;
mod windows;
mod wire;

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

pub use card::{
    CARD_FILE, Card, FeatureCard, FeatureMetrics, HeadCard, LoudnessSource, SCHEMA, TrainingCard, TrunkCard,
    columns_in, least_columns,
};
pub use check::sha256_hex;
pub use files::ModelFiles;

use crate::inference::{BackendError, Device, Graph, Ports, Runtime};
use ports::ModelPorts;
pub use ports::{head_ports, trunk_ports};

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file is missing or unreadable.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder has no card.
    #[error("{} is not there, so there is no model{}", folder.join(CARD_FILE).display(), meant.as_ref().map_or(String::new(), |meant| format!("; did you mean {}?", meant.display())))]
    NoModel {
        /// The folder.
        folder: PathBuf,
        /// The folder inside it that has one, where the trainer leaves it.
        meant: Option<PathBuf>,
    },
    /// The card is no JSON, or lacks or mistypes a field.
    #[error("{file}: {source}")]
    Json {
        /// The file.
        file: String,
        /// What the parser said, with line and column.
        source: serde_json::Error,
    },
    /// A graph is no readable ONNX.
    #[error("{file}: not an ONNX file that can be used: {reason}")]
    Onnx {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something is not as it must be.
    #[error("{file}: {what} is {found}, but must be {rule}")]
    Rule {
        /// The file.
        file: String,
        /// What was looked at.
        what: String,
        /// The value found.
        found: String,
        /// What it must be.
        rule: String,
    },
    /// The backend refused a graph, or the device asked for is not there.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

fn rule(
    ok: bool,
    file: &str,
    what: &str,
    found: impl Display,
    rule: impl FnOnce() -> String,
) -> Result<(), ModelError> {
    if ok {
        return Ok(());
    }
    Err(ModelError::Rule {
        file: file.into(),
        what: what.into(),
        found: found.to_string(),
        rule: rule(),
    })
}

/// Streams that a model can be loaded for.
const STREAMS: std::ops::RangeInclusive<usize> = 1..=65_536;

/// A model that is not kept alive: for a list of what is loaded already.
#[derive(Clone, Default)]
pub struct WeakModel {
    shared: Weak<Shared>,
}

impl WeakModel {
    /// The model, if it is still in use anywhere.
    pub fn upgrade(&self) -> Option<Model> {
        self.shared.upgrade().map(|shared| Model { shared })
    }
}

/// A loaded model. Clones share the graphs, so many scorers cost one model.
#[derive(Clone)]
pub struct Model {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Model({} on {})", self.title(), self.runtime().name())
    }
}

struct Shared {
    card: Card,
    runtime: Runtime,
    trunk: Option<Graph>,
    /// The trunk again, for a second's columns in one run.
    ahead: Option<Graph>,
    head: Graph,
    streams: usize,
}

impl Model {
    /// Checks `files` against their card and prepares both graphs on `device`.
    pub fn load(files: &ModelFiles, device: Device) -> Result<Self, ModelError> {
        Self::load_for(files, device, 1)
    }

    /// [`Self::load`] for input that need not be waited for, such as files: the trunk also takes a second of it in one run,
    /// which costs less than a column at a time. Readings are the same; loading takes longer.
    pub fn load_ahead(files: &ModelFiles, device: Device) -> Result<Self, ModelError> {
        Self::load_with(files, device, 1, true)
    }

    /// [`Self::load`] for up to `streams` streams in one run of a graph (1–65,536), for a [`Batch`](crate::Batch). A run costs
    /// as much for few streams as for all.
    pub fn load_for(files: &ModelFiles, device: Device, streams: usize) -> Result<Self, ModelError> {
        Self::load_with(files, device, streams, false)
    }

    fn load_with(
        files: &ModelFiles,
        device: Device,
        streams: usize,
        ahead: bool,
    ) -> Result<Self, ModelError> {
        rule(
            STREAMS.contains(&streams),
            "the model",
            "number of streams at once",
            streams,
            || format!("{}–{}", STREAMS.start(), STREAMS.end()),
        )?;
        let card = files::parse_card(&files.card)?;
        rule(
            card.trunk.is_some() == files.trunk.is_some(),
            CARD_FILE,
            "trunk",
            "inconsistent",
            || "named in the card exactly if its file is given".into(),
        )?;
        let ports = check::check(&card, files, streams)?;
        let mut refused = Vec::new();
        let mut last = BackendError::Nothing;
        for runtime in Runtime::candidates(device)? {
            match Self::prepare(&card, files, &runtime, &ports) {
                Ok((trunk, head)) => {
                    let wanted = trunk.as_ref().filter(|_| ahead);
                    let ahead =
                        wanted.and_then(|trunk| ahead::prepare(&card, files, &runtime, &ports, trunk));
                    let runtime = runtime.after(&refused);
                    return Ok(Self {
                        shared: Arc::new(Shared {
                            card,
                            runtime,
                            trunk,
                            ahead,
                            head,
                            streams,
                        }),
                    });
                }
                Err(error) => {
                    // What was never built in is no news; what is and does not start is.
                    if !matches!(error, BackendError::NotBuiltIn(_)) {
                        refused.push(format!("{}: {error}", runtime.device()));
                    }
                    tracing::debug!(%error, "not on {}", runtime.device());
                    last = error;
                }
            }
        }
        Err(last.into())
    }

    /// Trunk and head on `runtime`.
    fn prepare(
        card: &Card,
        files: &ModelFiles,
        runtime: &Runtime,
        ports: &ModelPorts,
    ) -> Result<(Option<Graph>, Graph), BackendError> {
        let graph = |file, bytes, ports: &Ports| Graph::new(runtime, file, bytes, ports.clone());
        let trunk = match (&card.trunk, &files.trunk) {
            (Some(trunk), Some(bytes)) => Some(graph(&trunk.file, bytes, &ports.trunk)?),
            _ => None,
        };
        Ok((trunk, graph(&card.head.file, &files.head, &ports.head)?))
    }

    /// This model without keeping it alive.
    pub fn downgrade(&self) -> WeakModel {
        WeakModel {
            shared: Arc::downgrade(&self.shared),
        }
    }

    /// The model's card.
    pub fn card(&self) -> &Card {
        &self.shared.card
    }

    /// `NAME VERSION`, as readings carry it.
    pub fn title(&self) -> String {
        format!("{} {}", self.shared.card.name, self.shared.card.version)
    }

    /// The runtime in effect, and why.
    pub fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }

    /// Streams that one run of a graph takes.
    pub fn streams(&self) -> usize {
        self.shared.streams
    }

    pub(crate) fn trunk(&self) -> Option<&Graph> {
        self.shared.trunk.as_ref()
    }

    /// The trunk for [`Card::columns_ahead`] columns in one run, where it was loaded so.
    pub(crate) fn ahead(&self) -> Option<&Graph> {
        self.shared.ahead.as_ref()
    }

    pub(crate) fn head(&self) -> &Graph {
        &self.shared.head
    }
}
