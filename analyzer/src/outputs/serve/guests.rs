//! How many may be connected, and how often each may speak.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Connections at one time.
const SEATS: usize = 64;
/// Connections at one time from one other computer, so that it cannot take the seats of all.
const SEATS_OF_ONE: usize = 16;

/// Counts who is connected.
#[derive(Debug, Clone, Default)]
pub(super) struct Guests(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Guests {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for a connection from `ip`, if there is one.
    pub(super) fn admit(&self, ip: IpAddr) -> Option<Seat> {
        let mut seated = self.lock();
        let full = seated.values().sum::<usize>() >= SEATS;
        let own = seated.entry(ip).or_default();
        if full || (!ip.is_loopback() && *own >= SEATS_OF_ONE) {
            if *own == 0 {
                seated.remove(&ip);
            }
            return None;
        }
        *own += 1;
        drop(seated);
        Some(Seat {
            guests: self.clone(),
            ip,
        })
    }

    /// How many are connected.
    pub(super) fn count(&self) -> usize {
        self.lock().values().sum()
    }
}

/// One connection's seat; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    guests: Guests,
    ip: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seated = self.guests.lock();
        if let Some(own) = seated.get_mut(&self.ip) {
            *own -= 1;
            if *own == 0 {
                seated.remove(&self.ip);
            }
        }
    }
}

/// So many times in so long, then no more.
#[derive(Debug)]
pub(super) struct Allowance {
    count: u32,
    span: Duration,
    used: u32,
    since: Instant,
}

impl Allowance {
    /// `count` times in every `span`.
    pub(super) fn new(count: u32, span: Duration) -> Self {
        Self {
            count,
            span,
            used: 0,
            since: Instant::now(),
        }
    }

    /// Once more; whether that was allowed.
    pub(super) fn take(&mut self) -> bool {
        if self.since.elapsed() >= self.span {
            self.used = 0;
            self.since = Instant::now();
        }
        self.used = self.used.saturating_add(1);
        self.used <= self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_limited_and_given_back() {
        let guests = Guests::default();
        let here = IpAddr::from([127, 0, 0, 1]);
        let there = IpAddr::from([192, 168, 1, 5]);
        let theirs: Vec<_> = (0..SEATS).map_while(|_| guests.admit(there)).collect();
        assert_eq!(theirs.len(), SEATS_OF_ONE);
        let ours: Vec<_> = (0..SEATS).map_while(|_| guests.admit(here)).collect();
        assert_eq!(ours.len(), SEATS - SEATS_OF_ONE);
        assert_eq!(guests.count(), SEATS);
        drop(theirs);
        assert_eq!(guests.count(), ours.len());
        assert!(guests.admit(here).is_some());
        drop(ours);
        assert_eq!(guests.count(), 0);
        assert!(guests.lock().is_empty());
    }

    #[test]
    fn an_allowance_is_used_up() {
        let mut allowance = Allowance::new(3, Duration::from_secs(3_600));
        let taken: Vec<_> = (0..5).map(|_| allowance.take()).collect();
        assert_eq!(taken, [true, true, true, false, false]);
        let mut renewed = Allowance::new(1, Duration::ZERO);
        assert!(renewed.take() && renewed.take());
    }
}
