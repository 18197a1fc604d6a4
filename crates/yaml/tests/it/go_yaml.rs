//! Plain scalars as the real go-yaml reads them. Each line of the file is `k: <scalar>` read by
//! `sigs.k8s.io/yaml` 1.6.0 and by `go.yaml.in/yaml/v3` 3.0.6, as JSON, or `error`.

use serde_json::Value;
use towpath_yaml::{Resolution, parse_with};

const SCALARS: &str = include_str!("../data/go-yaml-scalars.tsv");

fn read(scalar: &str, resolution: Resolution) -> Option<Value> {
    let documents = parse_with("f.yml", &format!("k: {scalar}\n"), resolution).ok()?;
    Some(documents[0].root.get("k")?.to_json())
}

/// Go writes a float that is whole without a point.
fn same(ours: &Value, theirs: &Value) -> bool {
    ours == theirs || (ours.is_f64() && ours.as_f64() == theirs.as_f64())
}

#[test]
fn plain_scalars_are_what_go_yaml_makes_of_them() {
    let mut wrong = Vec::new();
    for line in SCALARS.lines() {
        let mut columns = line.split('\t');
        let scalar = columns.next().unwrap();
        for (resolution, expect) in [Resolution::GoYaml2, Resolution::GoYaml3]
            .into_iter()
            .zip(columns)
        {
            let ours = read(scalar, resolution);
            let theirs = serde_json::from_str(expect).ok();
            let agree = match (&ours, &theirs) {
                (Some(ours), Some(theirs)) => same(ours, theirs),
                (ours, theirs) => ours.is_none() == theirs.is_none(),
            };
            if !agree {
                wrong.push(format!(
                    "{scalar} {resolution:?}: {ours:?}, go-yaml has {expect}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
