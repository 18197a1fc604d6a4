#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(diagnostics) = towpath_dockerfile::parse("Dockerfile", text) {
        assert!(!diagnostics.0.is_empty());
    }
});
