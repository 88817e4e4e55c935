//! Where the server listens: what may stand after `--serve`, and who reaches it there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::failure::Failure;

/// The port where nothing else is said. No registered service has it.
pub(crate) const PORT: u16 = 8137;

/// What the flags ask for: `address` may be empty, a port, an IP address, `localhost`, or one of these with a port.
///
/// Beyond this computer it is `everyone` that opens the server, and only that.
pub(crate) fn parse(address: &str, everyone: bool) -> Result<SocketAddr, Failure> {
    let (ip, port) = parts(address).ok_or_else(|| {
        Failure::usage(format!("--serve `{address}` is no address to listen on")).hint(format!(
            "it takes a port, an IP address of this computer, or both: --serve {PORT}, --serve 127.0.0.1:{PORT}, --serve [::1]:{PORT}"
        ))
    })?;
    let address = SocketAddr::new(ip.unwrap_or(default_ip(everyone)), port.unwrap_or(PORT));
    match (address.ip().is_loopback(), everyone) {
        (false, false) => Err(Failure::usage(format!(
            "--serve {address} can be reached from other computers"
        ))
        .hint("add --serve-everyone if that is wanted, or leave the address out")),
        (true, true) => Err(Failure::usage(format!(
            "--serve-everyone opens the server to other computers, but {} is this computer alone",
            address.ip()
        ))
        .hint("leave the address out, or leave --serve-everyone out")),
        _ => Ok(address),
    }
}

/// The address by which other computers find what listens on every one; `None` where that is not known, or is said by `bound`.
pub(super) fn outside(bound: SocketAddr) -> Option<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return None;
    }
    // Nothing is sent: the system only chooses the network that leads away from here. The address is one for documentation.
    let socket = UdpSocket::bind((bound.ip(), 0)).ok()?;
    let away: IpAddr = match bound.ip() {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    socket.connect((away, 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then(|| SocketAddr::new(ip, bound.port()))
}

fn default_ip(everyone: bool) -> IpAddr {
    if everyone {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::LOCALHOST.into()
    }
}

/// The address and the port that are said; `None` where it is neither.
fn parts(text: &str) -> Option<(Option<IpAddr>, Option<u16>)> {
    let text = text.trim();
    if text.is_empty() {
        return Some((None, None));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((None, Some(text.parse().ok()?)));
    }
    let local = |name: &str| name.eq_ignore_ascii_case("localhost");
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some((Some(address.ip()), Some(address.port())));
    }
    if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse() {
        return Some((Some(ip), None));
    }
    if local(text) {
        return Some((Some(Ipv4Addr::LOCALHOST.into()), None));
    }
    let (name, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    (name.is_empty() || local(name)).then_some((
        (!name.is_empty()).then_some(Ipv4Addr::LOCALHOST.into()),
        Some(port),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(address: &str, everyone: bool) -> String {
        match parse(address, everyone) {
            Ok(address) => address.to_string(),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn only_what_listens_everywhere_has_another_name_outside() {
        for text in ["127.0.0.1:80", "10.0.0.2:80", "[::1]:80"] {
            assert_eq!(outside(text.parse().unwrap()), None, "{text}");
        }
        // A machine without a network has none.
        if let Some(there) = outside("0.0.0.0:8137".parse().unwrap()) {
            assert!(!there.ip().is_loopback() && there.port() == 8137, "{there}");
        }
    }

    #[test]
    fn it_stays_on_this_computer_unless_it_is_opened() {
        for (text, expected) in [
            ("", "127.0.0.1:8137"),
            ("9000", "127.0.0.1:9000"),
            (":9000", "127.0.0.1:9000"),
            ("0", "127.0.0.1:0"),
            ("localhost", "127.0.0.1:8137"),
            ("LocalHost:80", "127.0.0.1:80"),
            ("127.0.0.2", "127.0.0.2:8137"),
            ("::1", "[::1]:8137"),
            ("[::1]:9000", "[::1]:9000"),
        ] {
            assert_eq!(parsed(text, false), expected, "{text}");
        }
        for text in ["0.0.0.0", "192.168.1.5:9000", "[::]:9000"] {
            assert!(parsed(text, false).contains("--serve-everyone"), "{text}");
        }
    }

    #[test]
    fn opened_it_is_reached_from_everywhere_or_at_one_address() {
        assert_eq!(parsed("", true), "0.0.0.0:8137");
        assert_eq!(parsed("9000", true), "0.0.0.0:9000");
        assert_eq!(parsed("192.168.1.5", true), "192.168.1.5:8137");
        assert!(parsed("127.0.0.1", true).contains("this computer alone"));
    }

    #[test]
    fn what_is_no_address_is_said_to_be_none() {
        for text in [
            "70000",
            "example.org:80",
            "1.2.3",
            "x",
            "localhost:x",
            "http://localhost",
        ] {
            assert!(
                parsed(text, false).contains("is no address to listen on"),
                "{text}"
            );
        }
    }
}
