//! Who may ask: no web site that somebody happens to look at, whatever name it gives this computer.
//!
//! A browser sends the page's origin along, and a page may point its own name at 127.0.0.1 (DNS rebinding): then the
//! `Host` is that name. Programs send no origin and the address they connect to.

use std::net::{IpAddr, SocketAddr};

use axum::http::uri::Authority;

/// Name endings that no web site can have.
const LOCAL_NAMES: [&str; 4] = [".local", ".lan", ".internal", ".home.arpa"];

/// Looks at `Host` and `Origin`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Door {
    /// What the server listens on.
    pub(super) bound: SocketAddr,
}

impl Door {
    /// Whether a request to `host` from a page of `origin` may come in; else what is wrong with it.
    pub(super) fn admits(self, host: Option<&str>, origin: Option<&str>) -> Result<(), String> {
        let host = host.unwrap_or_default();
        let name = name_of(host).unwrap_or_default();
        if !self.knows(name) {
            return Err(format!(
                "The host `{host}` is not a name of this server. Use http://{}/ instead.\n",
                self.usual()
            ));
        }
        let Some(origin) = origin else { return Ok(()) };
        let from = origin.split_once("://").map(|(_, from)| from);
        let same = from.is_some_and(|from| from.eq_ignore_ascii_case(host));
        if same || from.and_then(name_of).is_some_and(is_loopback) {
            return Ok(());
        }
        Err(format!(
            "Pages of `{origin}` may not read this. Serve your page from this computer, for example with `python3 -m http.server`.\n"
        ))
    }

    /// Whether `name` can only mean this server.
    fn knows(self, name: &str) -> bool {
        let ip = ip_of(name);
        if is_loopback(name) || ip == Some(self.bound.ip()) {
            return true;
        }
        if self.bound.ip().is_loopback() {
            return false;
        }
        // A web site's name has a dot and a public ending; a name in one's own network has not.
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let local = !name.contains('.') || LOCAL_NAMES.iter().any(|end| name.ends_with(end));
        ip.is_some() || (!name.is_empty() && local)
    }

    /// Where a browser on this computer finds the server.
    pub(super) fn usual(self) -> SocketAddr {
        let mut address = self.bound;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip([127, 0, 0, 1].into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])),
            _ => {}
        }
        address
    }
}

/// The name or the IP address in `NAME[:PORT]`, an IPv6 address in its brackets.
fn name_of(host: &str) -> Option<&str> {
    // What follows is checked by the parser, where `@` and the like would change what is meant.
    let authority: Authority = host.parse().ok()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let length = authority.host().len();
    host.get(..length)
}

fn ip_of(name: &str) -> Option<IpAddr> {
    name.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_loopback(name: &str) -> bool {
    let plain = name.trim_end_matches('.');
    plain.eq_ignore_ascii_case("localhost") || ip_of(name).is_some_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(bound: &str) -> Door {
        Door {
            bound: bound.parse().unwrap(),
        }
    }

    #[test]
    fn on_this_computer_only_its_own_names_are_answered() {
        let door = door("127.0.0.1:8137");
        for host in [
            "127.0.0.1:8137",
            "localhost:8137",
            "LOCALHOST",
            "[::1]:8137",
            "127.0.0.5",
        ] {
            assert_eq!(door.admits(Some(host), None), Ok(()), "{host}");
        }
        for host in [
            "evil.example:8137",
            "localhost.evil.example",
            "192.168.1.5",
            "studio",
            "",
            "x@localhost",
            "a b",
        ] {
            assert!(door.admits(Some(host), None).is_err(), "{host}");
        }
        assert!(door.admits(None, None).is_err());
    }

    #[test]
    fn opened_it_answers_to_addresses_and_names_of_the_own_network() {
        let door = door("0.0.0.0:8137");
        for host in [
            "192.168.1.5:8137",
            "studio:8137",
            "studio.local",
            "Studio.LAN.:80",
            "localhost",
            "[fd00::1]:1",
        ] {
            assert_eq!(door.admits(Some(host), None), Ok(()), "{host}");
        }
        for host in ["evil.example", "local.evil.example:8137", ""] {
            assert!(door.admits(Some(host), None).is_err(), "{host}");
        }
    }

    #[test]
    fn pages_come_from_here_or_not_at_all() {
        let closed = door("127.0.0.1:8137");
        let host = Some("127.0.0.1:8137");
        for origin in [
            "http://127.0.0.1:8137",
            "http://localhost:3000",
            "https://localhost",
            "http://[::1]:1",
        ] {
            assert_eq!(closed.admits(host, Some(origin)), Ok(()), "{origin}");
        }
        for origin in [
            "https://evil.example",
            "http://localhost.evil.example",
            "http://evil.example@localhost.evil",
            "http://127.0.0.1.evil.example:8137",
            "null",
            "file://",
            "",
        ] {
            assert!(closed.admits(host, Some(origin)).is_err(), "{origin}");
        }
        let open = door("0.0.0.0:8137");
        let host = Some("192.168.1.5:8137");
        assert_eq!(open.admits(host, Some("http://192.168.1.5:8137")), Ok(()));
        assert!(open.admits(host, Some("http://6.6.6.6")).is_err());
    }
}
