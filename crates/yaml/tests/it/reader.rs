use towpath_yaml::{Reader, parse};

#[test]
fn collects_all_problems_in_the_order_of_the_file() {
    let text = "zebra: 1\nlater: x\nname: 3\nlist: {a: 1}\n";
    let documents = parse("f.yml", text).unwrap();
    let mut reader = Reader::new("f.yml");
    let mut fields = reader.fields(&documents[0].root, "the file");
    if let Some(node) = fields.take("name") {
        reader.string(node, "`name`");
    }
    if let Some(node) = fields.take("list") {
        reader.list(node, "`list`");
    }
    reader.unsupported(&mut fields, &["later"]);
    reader.finish(fields);
    let problems = reader.into_result(()).unwrap_err().to_string();
    let expect = "f.yml:1:1: unknown key `zebra` in the file\n\
                  f.yml:2:1: key `later` in the file is not supported yet\n\
                  f.yml:3:7: `name`: expected a string, found a number\n\
                  f.yml:4:7: `list`: expected a list, found a mapping";
    assert_eq!(problems, expect);
}

#[test]
fn a_list_in_the_place_of_a_mapping_is_one_problem() {
    let documents = parse("f.yml", "- a\n").unwrap();
    let mut reader = Reader::new("f.yml");
    let fields = reader.fields(&documents[0].root, "the file");
    reader.finish(fields);
    let problems = reader.into_result(()).unwrap_err().to_string();
    assert_eq!(
        problems,
        "f.yml:1:1: the file: expected a mapping, found a list"
    );
}
