//! The flags of the server.

use std::net::SocketAddr;

use crate::failure::Failure;
use crate::outputs::serve::address;

/// Whether there is a server, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Serve readings and a streaming overlay on ADDR: a port, an address of this computer, or both [127.0.0.1:8137]
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "")]
    serve: Option<String>,

    /// Let other computers read what is served, too; nothing is encrypted
    #[arg(long)]
    serve_everyone: bool,
}

impl Serve {
    /// Whether there is one.
    pub(crate) fn is_wanted(&self) -> bool {
        self.serve.is_some() || self.serve_everyone
    }

    /// Where it listens, if there is one.
    pub(crate) fn address(&self) -> Result<Option<SocketAddr>, Failure> {
        let said = self.serve.as_deref().unwrap_or_default();
        self.is_wanted()
            .then(|| address::parse(said, self.serve_everyone))
            .transpose()
    }
}
