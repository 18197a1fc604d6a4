use http::Method;

/// Which part of the server a request is for: each speaks its own dialect when it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    Git,
    Registry,
    Api,
    Webhook,
    Page,
}

/// What a request must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// For everybody, from any host name: health.
    Nothing,
    /// For everybody who uses our name: the login page and what it is drawn with.
    OurName,
    Read,
    Write,
    /// Always a credential, also where reads are open: registry clients send theirs only after they were asked here.
    Credential,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) surface: Surface,
    pub(crate) need: Need,
}

/// What is not known to be a read is a write.
pub(crate) fn access(method: &Method, path: &str, query: Option<&str>) -> Access {
    let surface = surface(path);
    let need = match surface {
        Surface::Git => git_need(method, path, query.unwrap_or("")),
        Surface::Registry if matches!(path, "/v2" | "/v2/") => Need::Credential,
        // An upgrade is a GET.
        Surface::Api if path.ends_with("/exec") => Need::Write,
        Surface::Page if path == "/healthz" => Need::Nothing,
        // The program that builds in pods run: the same for all, and no secret.
        Surface::Registry if path.starts_with("/v2/towpath/worker/") && method.is_safe() => {
            Need::OurName
        }
        // Each is signed with a secret of its own.
        Surface::Webhook if method == Method::POST => Need::Nothing,
        // The endpoint itself asks for the token of the job.
        Surface::Page if path.starts_with("/work/") => Need::Nothing,
        Surface::Page if path == "/login" || path.starts_with("/assets/") => Need::OurName,
        _ if method.is_safe() && method != Method::OPTIONS => Need::Read,
        _ => Need::Write,
    };
    Access { surface, need }
}

fn surface(path: &str) -> Surface {
    let under = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if under("/git") {
        Surface::Git
    } else if under("/v2") {
        Surface::Registry
    } else if under("/api") {
        Surface::Api
    } else if under("/webhooks") {
        Surface::Webhook
    } else {
        Surface::Page
    }
}

/// git-http-protocol(5): a fetch is a GET of `info/refs` and a POST to `git-upload-pack`; a push begins with
/// a GET that names `git-receive-pack`, and that is where git learns that it must send a password.
fn git_need(method: &Method, path: &str, query: &str) -> Need {
    let fetch = path.ends_with("/git-upload-pack") && method == Method::POST;
    let get = method == Method::GET || method == Method::HEAD;
    if fetch || (get && !query.contains("receive-pack")) {
        Need::Read
    } else {
        Need::Write
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_be_a_read_is_a_write() {
        let cases = [
            (
                "GET",
                "/git/a.git/info/refs",
                Some("service=git-upload-pack"),
                Need::Read,
            ),
            ("POST", "/git/a.git/git-upload-pack", None, Need::Read),
            (
                "GET",
                "/git/a.git/info/refs",
                Some("service=git-receive-pack"),
                Need::Write,
            ),
            ("POST", "/git/a.git/git-receive-pack", None, Need::Write),
            ("POST", "/git/a.git/git%2Dupload-pack", None, Need::Write),
            ("PUT", "/git/a.git/git-upload-pack", None, Need::Write),
            ("GET", "/v2/", None, Need::Credential),
            ("GET", "/v2", None, Need::Credential),
            ("GET", "/v2/a/manifests/latest", None, Need::Read),
            ("HEAD", "/v2/a/manifests/latest", None, Need::Read),
            ("PUT", "/v2/a/manifests/latest", None, Need::Write),
            ("GET", "/v2/towpath/worker/manifests/a", None, Need::OurName),
            ("PUT", "/v2/towpath/worker/manifests/a", None, Need::Write),
            ("GET", "/api/v1/projects", None, Need::Read),
            ("GET", "/api/v1/x/exec", None, Need::Write),
            ("POST", "/api/v1/projects", None, Need::Write),
            ("OPTIONS", "/api/v1/projects", None, Need::Write),
            ("GET", "/", None, Need::Read),
            ("POST", "/logout", None, Need::Write),
            ("POST", "/login", None, Need::OurName),
            ("GET", "/assets/x/towpath.css", None, Need::OurName),
            ("GET", "/healthz", None, Need::Nothing),
            ("GET", "/work/v1/0123", None, Need::Nothing),
            ("POST", "/webhooks/github/hello", None, Need::Nothing),
            ("GET", "/webhooks/github/hello", None, Need::Read),
        ];
        for (method, path, query, need) in cases {
            let method: Method = method.parse().unwrap();
            assert_eq!(access(&method, path, query).need, need, "{method} {path}");
        }
    }

    #[test]
    fn surfaces_are_whole_path_segments() {
        assert_eq!(surface("/v2"), Surface::Registry);
        assert_eq!(surface("/v2x"), Surface::Page);
        assert_eq!(surface("/github"), Surface::Page);
        assert_eq!(surface("/git/a.git/HEAD"), Surface::Git);
    }
}
