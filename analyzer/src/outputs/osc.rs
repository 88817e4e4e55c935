//! Readings as Open Sound Control bundles to one receiver.

use std::net::ToSocketAddrs;

use echometer_automation::{DEFAULT_TARGET, OscSender};
use echometer_engine::Reading;

use super::fan::Output;
use crate::analysis::Part;
use crate::failure::Failure;

/// One receiver. UDP: whether anybody listens is not known, and nothing ever waits for it.
pub(super) struct Osc {
    sender: OscSender,
    name: String,
}

impl Osc {
    /// To `HOST:PORT`. A name is looked up here, once.
    pub(super) fn open(target: &str) -> Result<Self, Failure> {
        let wrong = || {
            Failure::usage(format!("--osc is `{target}`, but must be HOST:PORT"))
                .hint(format!("for example: --osc {DEFAULT_TARGET}"))
        };
        let (host, port) = target.rsplit_once(':').ok_or_else(wrong)?;
        if host.is_empty() || !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(wrong());
        }
        let found: Vec<_> = target
            .to_socket_addrs()
            .map_err(|error| {
                Failure::failed(format!("--osc {target}: `{host}` cannot be looked up: {error}"))
                    .hint("check the name, or give the address in numbers")
            })?
            .collect();
        // Receivers of OSC seldom listen on IPv6, also where the name has such an address first.
        let address = found
            .iter()
            .find(|address| address.is_ipv4())
            .or(found.first())
            .ok_or_else(wrong)?;
        let sender = OscSender::new(&address.to_string()).map_err(Failure::failed)?;
        Ok(Self {
            sender,
            name: format!("OSC to {target}"),
        })
    }
}

impl Output for Osc {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn reading(&mut self, reading: &Reading, _part: Option<&Part>) -> Result<(), Failure> {
        self.sender.send(reading);
        Ok(())
    }
}
