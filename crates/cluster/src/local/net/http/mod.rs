//! Finds the places between HTTP/1.1 messages (RFC 9112) in bytes that pass by, without changing them.
//!
//! A client keeps a connection for many requests, and a leaving pod would keep the client. Between two
//! exchanges the connection may be continued by another pod and the client does not notice.

mod body;
mod exchange;
mod head;
mod messages;

pub(super) use exchange::Exchange;
