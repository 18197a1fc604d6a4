//! The argument of `edit set image` (upstream's `setimage.go`).

use anyhow::{Result, bail};

/// What of an image is to be set. An empty text is not set; `*` keeps what is there.
#[derive(Debug, PartialEq, Eq)]
pub struct ImageArgument {
    pub name: String,
    pub new_name: String,
    pub new_tag: String,
    pub digest: String,
}

pub fn parse(argument: &str) -> Result<ImageArgument> {
    let (key, value) = match argument.split_once('=') {
        Some((key, value)) => (key, value),
        None => ("", argument),
    };
    let (name, new_tag, digest) = split(value);
    if name == argument {
        bail!(
            "invalid format of image {argument:?}, use one of the following options:\n\
             - <image>=<newimage>:<newtag>\n- <image>=<newimage>@<digest>\n\
             - <image>=<newimage>:<newtag>@<digest>\n- <image>=<newimage>\n\
             - <image>:<newtag>\n- <image>:<newtag>@<digest>\n- <image>@<digest>"
        );
    }
    let (image, new_name) = match key {
        "" => (name, ""),
        key => (key, name),
    };
    Ok(ImageArgument {
        name: image.to_owned(),
        new_name: new_name.to_owned(),
        new_tag: new_tag.to_owned(),
        digest: digest.to_owned(),
    })
}

/// Name, tag and digest. A colon before the last slash is a port's (upstream's `SplitImageName`).
fn split(image: &str) -> (&str, &str, &str) {
    let (rest, digest) = image.split_once('@').unwrap_or((image, ""));
    let after_slash = rest.rfind('/').map_or(0, |slash| slash + 1);
    match rest[after_slash..].find(':') {
        Some(colon) => {
            let colon = after_slash + colon;
            (&rest[..colon], &rest[colon + 1..], digest)
        }
        None => (rest, "", digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argument: &str, expected: [&str; 4]) {
        let image = parse(argument).unwrap();
        let found = [&image.name, &image.new_name, &image.new_tag, &image.digest];
        assert_eq!(found, expected, "{argument}");
    }

    #[test]
    fn all_forms_are_read() {
        check("web=new:2", ["web", "new", "2", ""]);
        check("web=new@sha256:a", ["web", "new", "", "sha256:a"]);
        check("web=new:2@sha256:a", ["web", "new", "2", "sha256:a"]);
        check("web=host:5000/new", ["web", "host:5000/new", "", ""]);
        check("web:2", ["web", "", "2", ""]);
        check("web@sha256:a", ["web", "", "", "sha256:a"]);
        check("web=*:2", ["web", "*", "2", ""]);
        assert!(parse("web").is_err());
    }
}
