//! What we ask of git hosts' APIs.
