//! Addresses of tasks: on Linux each gets one of its own below 127.0.0.0/8, as `awsvpc` gives it
//! one; elsewhere 127.0.0.1 with free ports.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Environment variables that tell a task its address, which nothing else can: in each value
/// `{address}:PORT` becomes the address and the port to listen at.
pub type Templates = BTreeMap<String, String>;

const ADDRESS: &str = "{address}";

/// Gives each task its address.
#[derive(Debug)]
pub(super) struct Loopback {
    own_addresses: bool,
    next: AtomicU32,
}

/// The address of a task and what its environment says about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) environment: BTreeMap<String, String>,
    address: IpAddr,
    /// Ports of the container and where they really are, when that differs.
    ports: BTreeMap<u16, u16>,
}

impl Loopback {
    /// Two clouds on a machine begin at different places, as their seeds differ.
    pub(super) fn new(seed: u64) -> Self {
        let start = u32::try_from(seed % 0xf0_0000).unwrap_or_default();
        Self { own_addresses: cfg!(target_os = "linux"), next: AtomicU32::new(start) }
    }

    /// A place for the next task.
    pub(super) fn place(&self, templates: &Templates, port: Option<u16>) -> io::Result<Place> {
        if self.own_addresses {
            let address = nth(self.next.fetch_add(1, Ordering::Relaxed));
            return Ok(fill(templates, address, BTreeMap::new()));
        }
        let mut ports = BTreeMap::new();
        for port in templates.values().filter_map(|value| port_of(value)).chain(port) {
            if let std::collections::btree_map::Entry::Vacant(entry) = ports.entry(port) {
                entry.insert(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port());
            }
        }
        Ok(fill(templates, Ipv4Addr::LOCALHOST, ports))
    }
}

impl Place {
    /// Where a port of the container is reached.
    pub(super) fn socket(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address, self.ports.get(&port).copied().unwrap_or(port))
    }
}

/// The address of a number: never in 127.0.0.0/16, where everybody else is, nor one that ends in 0
/// or 255.
fn nth(number: u32) -> Ipv4Addr {
    let last = number % 254 + 1;
    let third = number / 254 % 256;
    let second = number / 254 / 256 % 255 + 1;
    let byte = |number: u32| u8::try_from(number).unwrap_or(1);
    Ipv4Addr::new(127, byte(second), byte(third), byte(last))
}

/// The port behind the address in a template.
fn port_of(template: &str) -> Option<u16> {
    let rest = &template[template.find(ADDRESS)? + ADDRESS.len()..];
    let digits = rest.strip_prefix(':')?;
    digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse().ok()
}

fn fill(templates: &Templates, address: Ipv4Addr, ports: BTreeMap<u16, u16>) -> Place {
    let value = |template: &String| {
        let template = match port_of(template).and_then(|port| Some((port, ports.get(&port)?))) {
            Some((port, real)) => template.replace(&format!("{ADDRESS}:{port}"), &format!("{ADDRESS}:{real}")),
            None => template.clone(),
        };
        template.replace(ADDRESS, &address.to_string())
    };
    let environment = templates.iter().map(|(name, template)| (name.clone(), value(template))).collect();
    Place { environment, address: address.into(), ports }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates() -> Templates {
        [("LISTEN_ADDRESS", "{address}:8080"), ("URL", "http://{address}:9090/metrics"), ("PLAIN", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn every_task_has_an_address_of_its_own_that_nobody_else_uses() {
        let mut seen = std::collections::BTreeSet::new();
        for number in (0..1000).chain(65_000..66_000).chain([0xf0_0000, u32::MAX]) {
            let address = nth(number);
            let octets = address.octets();
            assert_eq!(octets[0], 127);
            assert!(octets[1] != 0 && octets[3] != 0 && octets[3] != 255, "{address}");
            assert!(seen.insert(address), "{address}");
        }
    }

    #[test]
    fn a_task_is_told_its_address_and_keeps_its_port() {
        let place = fill(&templates(), Ipv4Addr::new(127, 1, 2, 3), BTreeMap::new());
        assert_eq!(place.environment["LISTEN_ADDRESS"], "127.1.2.3:8080");
        assert_eq!(place.environment["URL"], "http://127.1.2.3:9090/metrics");
        assert_eq!(place.environment["PLAIN"], "x");
        assert_eq!(place.socket(8080).to_string(), "127.1.2.3:8080");
    }

    #[test]
    fn without_addresses_of_their_own_tasks_get_free_ports() {
        let loopback = Loopback { own_addresses: false, next: AtomicU32::new(0) };
        let place = loopback.place(&templates(), Some(8080)).expect("ports");
        let socket = place.socket(8080);
        assert_eq!(place.environment["LISTEN_ADDRESS"], socket.to_string());
        assert_ne!(socket.port(), place.socket(9090).port());
    }
}
