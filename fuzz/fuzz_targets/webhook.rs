#![no_main]
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use towpath_forge::{HookSecret, read, verify};
use towpath_model::Provider;

// The first byte chooses the git host, the second its event; the rest is the body.
fuzz_target!(|input: &[u8]| {
    let [provider, event, body @ ..] = input else {
        return;
    };
    let provider = Provider::ALL[usize::from(*provider) % Provider::ALL.len()];
    let event = ["push", "ping", "Push Hook", "repo:push", "repo:refs_changed", "x"]
        [usize::from(*event) % 6];
    let mut headers = HeaderMap::new();
    for name in ["x-github-event", "x-gitlab-event", "x-gitea-event", "x-event-key"] {
        headers.insert(name, event.parse().expect("a header"));
    }
    if event == "x" {
        let form = "application/x-www-form-urlencoded".parse().expect("a header");
        headers.insert("content-type", form);
    }
    assert!(verify(provider, &HookSecret::new("secret"), &headers, body).is_err());
    if let Ok(delivery) = read(provider, &headers, body) {
        assert!((1..=200).contains(&delivery.id.len()));
        if let Some(repository) = &delivery.repository {
            let again = repository.as_str().parse();
            assert_eq!(again.as_ref(), Ok(repository));
        }
    }
});
