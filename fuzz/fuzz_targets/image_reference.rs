#![no_main]
use libfuzzer_sys::fuzz_target;
use towpath_oci::reference::ImageReference;

fuzz_target!(|text: &str| {
    if let Ok(reference) = text.parse::<ImageReference>() {
        assert_eq!(reference.to_string().parse::<ImageReference>().as_ref(), Ok(&reference));
    }
});
