use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use towpath_model::Timestamp;

const LIMIT: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Clients remembered at a time; beyond, all others share one allowance.
const CLIENTS: usize = 4096;

/// Counts attempts to log in: ten a minute for each client.
///
/// The token cannot be guessed anyway; this keeps a client gone wrong from keeping the database busy.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Timestamp,
    count: u32,
}

impl Attempts {
    /// Counts one more attempt; with too many, tells how long to wait.
    pub(crate) fn count(&self, client: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|_, window| now.since(window.began) < WINDOW);
        let client = match network(client) {
            new if windows.len() >= CLIENTS && !windows.contains_key(&new) => {
                IpAddr::V6(Ipv6Addr::UNSPECIFIED)
            }
            known => known,
        };
        let fresh = Window {
            began: now,
            count: 0,
        };
        let window = windows.entry(client).or_insert(fresh);
        window.count += 1;
        if window.count > LIMIT {
            return Err(WINDOW.saturating_sub(now.since(window.began)));
        }
        Ok(())
    }
}

/// One customer has a whole IPv6 /64.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(ip) => {
            let prefix = ip.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_minute_for_each_client() {
        let attempts = Attempts::default();
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..LIMIT {
            assert_eq!(attempts.count(one, Timestamp(0)), Ok(()));
        }
        assert_eq!(
            attempts.count(one, Timestamp(20_000)),
            Err(Duration::from_secs(40))
        );
        assert_eq!(attempts.count(other, Timestamp(20_000)), Ok(()));
        assert_eq!(attempts.count(one, Timestamp(60_000)), Ok(()));
    }
}
