use http::{Method, StatusCode, Uri};

use super::{Client, Refusal};

/// The two halves of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Clones and fetches.
    UploadPack,
    /// Pushes.
    ReceivePack,
}

impl Service {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::UploadPack, Self::ReceivePack]
            .into_iter()
            .find(|service| service.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `GET info/refs?service=...`: what the repository has.
    Advertise(Service),
    /// `POST <service>`: the transfer.
    Call(Service),
}

pub(super) fn route(method: &Method, uri: &Uri) -> Result<Route, Refusal> {
    let path = uri.path();
    if path.contains("/info/lfs/") {
        return Err(LFS);
    }
    if path.ends_with("/info/refs") {
        let service = service_of(uri.query().unwrap_or("")).ok_or(DUMB)?;
        return only(Method::GET, method, Route::Advertise(service));
    }
    let last = path.rsplit('/').next().unwrap_or("");
    match Service::from_name(last) {
        Some(service) => only(Method::POST, method, Route::Call(service)),
        None if last == "HEAD" || path.contains("/objects/") => Err(DUMB),
        None => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "not a path of git's HTTP protocol",
        )),
    }
}

const DUMB: Refusal = Refusal::new(
    StatusCode::FORBIDDEN,
    "only git's smart HTTP protocol is served; use git 1.6.6 or newer",
);

/// With this status git-lfs neither tries again nor fails for want of locks.
const LFS: Refusal = Refusal {
    status: StatusCode::NOT_IMPLEMENTED,
    message: "Git LFS is not supported here; commit the files themselves (git lfs migrate export)",
    client: Client::GitLfs,
};

fn service_of(query: &str) -> Option<Service> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("service="))
        .and_then(Service::from_name)
}

fn only(expected: Method, method: &Method, route: Route) -> Result<Route, Refusal> {
    if *method == expected {
        return Ok(route);
    }
    Err(Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "not a method of git's HTTP protocol",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smart_protocol_is_served_and_nothing_else() {
        let served = |method, uri: &str| route(&method, &uri.parse().unwrap());
        let refused = |method, uri| served(method, uri).unwrap_err().status.as_u16();
        assert_eq!(
            served(Method::GET, "/git/p.git/info/refs?service=git-upload-pack"),
            Ok(Route::Advertise(Service::UploadPack))
        );
        assert_eq!(
            served(Method::POST, "/git/p.git/git-receive-pack"),
            Ok(Route::Call(Service::ReceivePack))
        );
        assert_eq!(refused(Method::GET, "/git/p.git/info/refs"), 403);
        assert_eq!(
            refused(
                Method::GET,
                "/git/p.git/info/refs?service=git-upload-archive"
            ),
            403
        );
        assert_eq!(refused(Method::GET, "/git/p.git/HEAD"), 403);
        assert_eq!(refused(Method::GET, "/git/p.git/objects/info/packs"), 403);
        assert_eq!(
            refused(Method::POST, "/git/p.git/info/refs?service=git-upload-pack"),
            405
        );
        assert_eq!(refused(Method::GET, "/git/p.git/git-upload-pack"), 405);
        assert_eq!(refused(Method::POST, "/git/p.git/git-upload-archive"), 404);
        assert_eq!(refused(Method::GET, "/git/p.git/config"), 404);
    }
}
