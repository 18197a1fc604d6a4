use crate::EntryPath;

/// The path that the target of a link at `link` names, `None` within when that is the top folder. Nothing
/// when it may lead out of the folder, whatever else is in it, as long as every link in it passes this test.
///
/// `..` is accepted only at the beginning of the target: there it climbs real folders, since nothing is
/// ever written through a link. After a name it would climb from wherever that name leads, which may be
/// another link (`d -> .` makes `d/..` leave although it counts to zero).
pub(crate) fn resolve(link: &EntryPath, target: &[u8]) -> Option<Option<EntryPath>> {
    if target.is_empty() || target.starts_with(b"/") || target.contains(&0) {
        return None;
    }
    let mut at: Vec<&[u8]> = link.components().collect();
    at.pop();
    let mut descended = false;
    for component in target.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." if descended => return None,
            b".." => {
                at.pop()?;
            }
            name => {
                descended = true;
                at.push(name);
            }
        }
    }
    if at.is_empty() {
        return Some(None);
    }
    EntryPath::parse(&at.join(&b'/')).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_targets_within_the_folder_pass() {
        for (link, target, inside) in [
            ("a", "b", true),
            ("a", "./b/c", true),
            ("a/b", "../c", true),
            ("a/b", "..", true),
            ("a/b/c", "../../d/e", true),
            ("a", ".", true),
            ("a", "/etc/passwd", false),
            ("a", "..", false),
            ("a", "../b", false),
            ("a/b", "../../c", false),
            ("a/b", "d/../../c", false),
            ("e", "d/..", false),
            ("a", "", false),
        ] {
            let link: EntryPath = link.parse().unwrap();
            assert_eq!(
                resolve(&link, target.as_bytes()).is_some(),
                inside,
                "{link} -> {target}"
            );
        }
    }
}
