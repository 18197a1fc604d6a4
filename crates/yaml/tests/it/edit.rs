use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_yaml::edit::{EditError, File};

#[track_caller]
fn check(text: &str, change: impl Fn(&mut File) -> Result<(), EditError>, expected: &str) {
    let mut file = File::new("f.yaml", text).unwrap();
    let changed = change(&mut file);
    assert!(changed.is_ok(), "{changed:?} of {text:?}");
    assert_eq!(file.text(), expected);
}

#[track_caller]
fn set(text: &str, path: &[&str], key: &str, value: Value, expected: &str) {
    check(text, |file| file.set(path, key, &value), expected);
}

#[test]
fn scalars_keep_their_style() {
    set("a: 1 # one\n", &[], "a", json!(2), "a: 2 # one\n");
    set("a: x", &[], "a", json!("z"), "a: z");
    set("a:\nb: 1\n", &[], "a", json!("z"), "b: 1\na: z\n");
    set("a: |\n  x\nb: 1\n", &[], "a", json!("z"), "b: 1\na: z\n");
    set("a: ''\n", &[], "a", json!("z"), "a: 'z'\n");
    set("a: x\n", &[], "a", json!("1"), "a: \"1\"\n");
    set("a: 'x'\n", &[], "a", json!("it's"), "a: 'it''s'\n");
    set("a: \"x\"\n", &[], "a", json!("y"), "a: \"y\"\n");
    set(
        "{a: x, b: 1}\n",
        &[],
        "a",
        json!("y, z"),
        "{a: \"y, z\", b: 1}\n",
    );
    set("a: é # ü\nb: ö\n", &[], "b", json!("x"), "a: é # ü\nb: x\n");
}

#[test]
fn keys_are_added_where_they_belong() {
    set("", &[], "a", json!(1), "a: 1\n");
    set("# only this", &[], "a", json!(1), "# only this\na: 1\n");
    set("b: 1", &[], "a", json!([1, 2]), "b: 1\na:\n- 1\n- 2\n");
    set(
        "m:\n  a: 1\n  c: 3\n",
        &["m"],
        "b",
        json!(2),
        "m:\n  a: 1\n  b: 2\n  c: 3\n",
    );
    set(
        "m:\n  c: 3\n  a: 1\n# z\nn: 1\n",
        &["m"],
        "b",
        json!(2),
        "m:\n  c: 3\n  a: 1\n  b: 2\n# z\nn: 1\n",
    );
    set(
        "l:\n- b: 1 # x\n",
        &["l", "0"],
        "a",
        json!(0),
        "l:\n- a: 0\n  b: 1 # x\n",
    );
    set("m: {a: 1}\n", &["m"], "b", json!(2), "m: {a: 1, b: 2}\n");
    set("m: {}\n", &["m"], "b", json!(2), "m: {b: 2}\n");
    set(
        "l:\n  - 1\n",
        &[],
        "k",
        json!(["x"]),
        "l:\n  - 1\nk:\n  - x\n",
    );
    set("a: 1\r\n", &[], "b", json!(2), "a: 1\r\nb: 2\r\n");
}

#[test]
fn items_are_added_and_removed() {
    let push = |text, expected| check(text, |file| file.push(&["l"], &json!("x")), expected);
    push("l:\n- a\n", "l:\n- a\n- x\n");
    push(
        "l:\n  - a # one\n\n# next\nm: 1\n",
        "l:\n  - a # one\n  - x\n\n# next\nm: 1\n",
    );
    push("l: [a]\n", "l: [a, x]\n");
    push("l: []\n", "l: [x]\n");
    push("l:\nm: 1\n", "m: 1\nl:\n- x\n");
    push(
        "l:\n- |\n  a\n  # no comment\n",
        "l:\n- |\n  a\n  # no comment\n- x\n",
    );
    let remove = |text, index, expected| {
        check(text, |file| file.remove_item(&["l"], index), expected);
    };
    remove("l:\n- a\n# of b\n- b\n", 0, "l:\n# of b\n- b\n");
    remove("l:\n- a: 1\n  b: 2\n- c\n", 0, "l:\n- c\n");
    remove("l: [a, b, c]\n", 1, "l: [a, c]\n");
    remove("l: [a, {b: 1}]\n", 1, "l: [a]\n");
    remove("k: 1\nl:\n- a\nm: 2\n", 0, "k: 1\nm: 2\n");
}

#[test]
fn keys_are_removed() {
    let remove = |text, path: &[&str], expected| {
        check(text, |file| file.remove(path, "a"), expected);
    };
    remove("a: 1\nb: 2\n", &[], "b: 2\n");
    remove("b: 2\na:\n- 1\n- 2\n", &[], "b: 2\n");
    remove("b: 2\na: |\n  x\n\n  y\nc: 3\n", &[], "b: 2\nc: 3\n");
    remove("l:\n- a: 1\n  b: 2\n", &["l", "0"], "l:\n- b: 2\n");
    remove("m: {a: 1, b: 2}\n", &["m"], "m: {b: 2}\n");
    remove("b: 1\n", &[], "b: 1\n");
}

#[test]
fn what_would_change_more_is_refused() {
    for text in ["x: &x {a: 1}\nm: *x\n", "x: &x\n  a: 1\nm:\n  <<: *x\n"] {
        let mut file = File::new("f.yaml", text).unwrap();
        let wrong = file.set(&["m"], "a", &json!(2)).unwrap_err();
        assert!(matches!(wrong, EditError::Unusual(_)), "{wrong}");
        assert_eq!(file.text(), text);
    }
    for text in ["- 1\n", "a: 1\n---\nb: 1\n", "a: [\n"] {
        assert!(File::new("f.yaml", text).is_err(), "{text}");
    }
}

proptest! {
    /// Whatever the text is: a change that succeeds gives what was asked for, one that fails changes nothing.
    #[test]
    fn edits_are_exact_or_refused(
        text in "((a|b|l|m): ?(1|x|'y'|\\[1, \\{a: 2\\}\\]|\\{a: 1\\}|\\||# c)?\n|( |  )?- (a: 1|x|\\|)?\n|  (a|b): 2\n|# c\n|\n){0,8}",
        index in 0..3usize,
    ) {
        let Ok(file) = File::new("f.yaml", &text) else {
            return Ok(());
        };
        let before = file.root().to_json();
        for change in [
            |file: &mut File, _: usize| file.set(&[], "a", &json!("new")),
            |file: &mut File, _: usize| file.set(&["m"], "b", &json!("new")),
            |file: &mut File, _: usize| file.push(&["l"], &json!({"k": "new"})),
            |file: &mut File, index: usize| file.insert(&["l"], index, &json!("new")),
            |file: &mut File, _: usize| file.remove(&[], "b"),
            |file: &mut File, index: usize| file.remove_item(&["l"], index),
        ] {
            let mut changed = file.clone();
            match change(&mut changed, index) {
                Ok(()) => prop_assert!(File::new("f.yaml", changed.text()).is_ok()),
                Err(_) => prop_assert_eq!(changed.text(), &*text),
            }
        }
        prop_assert_eq!(file.root().to_json(), before);
    }
}
