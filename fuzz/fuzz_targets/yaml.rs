#![no_main]
//! Whatever parses, by whichever way, is emitted and parses back to the same value.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(documents) = towpath_yaml::parse("fuzz.yml", text) else { return };
    let scanned = towpath_yaml::parse_by_scanner("fuzz.yml", text, towpath_yaml::Resolution::GoYaml2);
    assert_eq!(Ok(&documents), scanned.as_ref());
    for document in documents {
        let value = document.root.to_json();
        let emitted = towpath_yaml::to_yaml(&value);
        let again = towpath_yaml::parse("emitted.yml", &emitted).expect("what is emitted parses");
        let again = again.first().expect("one document").root.to_json();
        assert_eq!(again, value, "{emitted}");
    }
});
