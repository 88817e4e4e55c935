//! Features as Open Sound Control messages over UDP: one bundle a reading.

use std::net::{SocketAddr, UdpSocket};

use echometer_engine::{Feature, Reading};
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};

/// Where messages go unless the user says otherwise: this machine, and the port that many receivers listen on.
pub const DEFAULT_TARGET: &str = "127.0.0.1:9000";

/// Addresses are this and a feature's name: `/echometer/danceability`.
pub const ADDRESS_PREFIX: &str = "/echometer";

/// Why a target cannot be sent to.
#[derive(Debug, thiserror::Error)]
pub enum OscError {
    /// It is no address.
    #[error("OSC target is `{0}`, but must be ADDRESS:PORT in numbers, such as {DEFAULT_TARGET}")]
    Target(String),
    /// There is no socket to send from.
    #[error("OSC: no UDP socket: {0}")]
    Socket(#[from] std::io::Error),
}

/// Sends readings to one receiver. Never waits: what the network does not take at once is lost, as UDP is.
#[derive(Debug)]
pub struct OscSender {
    socket: UdpSocket,
    target: SocketAddr,
}

impl OscSender {
    /// A sender to `target`, `ADDRESS:PORT` or `localhost:PORT`. Names are not looked up: that may take long.
    pub fn new(target: &str) -> Result<Self, OscError> {
        let numeric = target.trim().replace("localhost", "127.0.0.1");
        let target: SocketAddr = numeric.parse().map_err(|_| OscError::Target(target.into()))?;
        let any: SocketAddr = if target.is_ipv4() {
            ([0, 0, 0, 0], 0).into()
        } else {
            ([0u16; 8], 0).into()
        };
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        // So that one address may mean every receiver of a network.
        socket.set_broadcast(true)?;
        Ok(Self { socket, target })
    }

    /// Where messages go.
    pub fn target(&self) -> SocketAddr {
        self.target
    }

    /// Sends what the reading has values of, and its coverage, as one bundle.
    pub fn send(&self, reading: &Reading) {
        let message = |name: &str, value: f32| {
            OscPacket::Message(OscMessage {
                addr: format!("{ADDRESS_PREFIX}/{name}"),
                args: vec![OscType::Float(value)],
            })
        };
        let features = Feature::ALL
            .into_iter()
            .filter_map(|feature| Some(message(feature.name(), reading.values[feature]?)));
        let bundle = OscPacket::Bundle(OscBundle {
            // The standard's "immediately".
            timetag: OscTime {
                seconds: 0,
                fractional: 1,
            },
            content: features.chain([message("coverage", reading.coverage)]).collect(),
        });
        if let Ok(bytes) = rosc::encoder::encode(&bundle) {
            // Nobody listening, or a full buffer: the next reading will do.
            let _ = self.socket.send_to(&bytes, self.target);
        }
    }
}

#[cfg(test)]
mod tests {
    use echometer_engine::{Levels, PerFeature};

    use super::*;

    #[test]
    fn a_receiver_gets_one_bundle_a_reading() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = OscSender::new(&receiver.local_addr().unwrap().to_string()).unwrap();
        let mut values = PerFeature::default();
        values[Feature::Energy] = Some(0.25);
        sender.send(&Reading {
            time: 1.0,
            coverage: 0.5,
            silent: false,
            values,
            sd: PerFeature::default(),
            levels: Levels::default(),
            dropped: 0,
            replaced: 0,
        });
        let mut bytes = [0; 2048];
        let (length, _) = receiver.recv_from(&mut bytes).unwrap();
        let (_, packet) = rosc::decoder::decode_udp(&bytes[..length]).unwrap();
        let OscPacket::Bundle(bundle) = packet else {
            panic!("{packet:?}")
        };
        let found: Vec<_> = bundle
            .content
            .into_iter()
            .map(|packet| match packet {
                OscPacket::Message(message) => (message.addr, message.args),
                OscPacket::Bundle(bundle) => panic!("{bundle:?}"),
            })
            .collect();
        let expected = [("/echometer/energy", 0.25), ("/echometer/coverage", 0.5)];
        assert_eq!(
            found,
            expected.map(|(name, value)| (name.to_owned(), vec![OscType::Float(value)]))
        );
    }

    #[test]
    fn a_wrong_target_says_what_is_wanted() {
        for target in ["", "nonsense", "127.0.0.1", "127.0.0.1:99999", "example.org:9000"] {
            let error = OscSender::new(target).unwrap_err().to_string();
            assert!(error.contains("ADDRESS:PORT"), "{error}");
        }
        assert!(OscSender::new("localhost:9000").is_ok() && OscSender::new("[::1]:9000").is_ok());
    }
}
