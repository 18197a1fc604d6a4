use towpath_model::Diagnostic;

use crate::dockerfile::Word;

/// `80`, `80/udp` or `8000-8010/tcp` as an image configuration names ports: `80/tcp`.
pub(crate) fn parse(word: &Word, text: &str) -> Result<Vec<String>, Diagnostic> {
    let error = || {
        let message = format!("`{text}` is not a port");
        Diagnostic::new(word.location.clone(), message)
            .help("expected for example 80, 53/udp or 8000-8010/tcp")
    };
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(error());
    }
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let port = |text: &str| text.parse::<u16>().map_err(|_| error());
    let (first, last) = (port(first)?, port(last)?);
    if first == 0 || first > last {
        return Err(error());
    }
    Ok((first..=last)
        .map(|port| format!("{port}/{protocol}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ports_and_ranges() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("80", Some(&["80/tcp"])),
            ("53/UDP", Some(&["53/udp"])),
            ("1-3/sctp", Some(&["1/sctp", "2/sctp", "3/sctp"])),
            ("0", None),
            ("3-1", None),
            ("80/http", None),
            ("65536", None),
            ("8080:80", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let word = Word {
                raw: (*text).to_owned(),
                location: towpath_model::Location {
                    file: "Dockerfile".into(),
                    line: 1,
                    column: 8,
                },
            };
            let got = parse(&word, text).ok();
            let expected = expected.map(|ports| ports.iter().map(|p| (*p).to_owned()).collect());
            assert_eq!(got, expected, "{text}");
        }
    }
}
