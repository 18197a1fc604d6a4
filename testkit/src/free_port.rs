use std::net::{Ipv4Addr, TcpListener};

/// A port of loopback that nobody listens on, for programs that cannot choose one themselves. Somebody else may take
/// it meanwhile.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port of loopback")
        .port()
}
