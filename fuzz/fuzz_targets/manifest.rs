#![no_main]
use libfuzzer_sys::fuzz_target;
use towpath_cluster::manifest;

fuzz_target!(|text: &str| {
    match manifest::parse("k8s/app.yml", text) {
        Ok(objects) => {
            let placed = manifest::place(objects, &"hello".parse().expect("a namespace"));
            if let Ok(objects) = placed {
                manifest::parse("release.yml", &manifest::to_yaml(&objects)).expect("the record parses");
            }
        }
        Err(diagnostics) => assert!(!diagnostics.0.is_empty()),
    }
});
