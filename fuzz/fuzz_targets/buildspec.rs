#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(diagnostics) = towpath_runner::buildspec::parse("buildspec.yml", text) {
        assert!(!diagnostics.0.is_empty());
    }
});
