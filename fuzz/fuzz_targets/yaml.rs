#![no_main]
//! A text parses by whichever way to the same, and nothing makes the parser panic or hang.

use libfuzzer_sys::fuzz_target;
use towpath_yaml::{Resolution, parse_1_2, parse_1_2_by_scanner, parse_by_scanner, parse_with};

fuzz_target!(|text: &str| {
    for resolution in [Resolution::GoYaml2, Resolution::GoYaml3] {
        if let Ok(documents) = parse_with("fuzz.yml", text, resolution) {
            assert_eq!(Ok(documents), parse_by_scanner("fuzz.yml", text, resolution));
        }
        if let Ok(documents) = parse_1_2("fuzz.yml", text, resolution) {
            assert_eq!(Ok(documents), parse_1_2_by_scanner("fuzz.yml", text, resolution));
        }
    }
});
