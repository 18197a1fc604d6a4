//! `towpath kustomize tree`: what includes what.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use towpath_model::Diagnostics;
use towpath_yaml::{Kind, Node};

use super::gather::{FOLDERS, Gathered, PATHLESS, gather};
use super::paths::shown;
use super::{explained, why};
use crate::cli::kustomize::KustomizeTreeOptions;
use crate::exit::Verdict;

/// Lines printed at most: bases that many overlays share are shown for each of them.
const MOST_LINES: usize = 10_000;

pub fn run(options: &KustomizeTreeOptions) -> Result<Verdict> {
    let build = options.rules.options();
    let gathered = gather(&options.dir, build.load_restrictor)?;
    match &options.why.as_deref() {
        Some([object, field]) => {
            let told = why::explain(&gathered, &build, object, field);
            print!("{}", told.map_err(|error| located(&gathered, error))?);
        }
        _ if gathered.kustomization(&gathered.folder).is_none() => {
            // The build knows best why there is nothing to show.
            let built = towpath_kustomize::build(&gathered.tree, &gathered.folder, &build);
            built.map_err(|wrong| explained(&gathered, wrong))?;
        }
        _ => print!("{}", drawn(&gathered)?),
    }
    Ok(Verdict::Fine)
}

fn located(gathered: &Gathered, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Diagnostics>() {
        Ok(wrong) => explained(gathered, wrong).into(),
        Err(error) => error,
    }
}

fn drawn(gathered: &Gathered) -> Result<String> {
    let mut drawing = Drawing {
        gathered,
        text: String::new(),
        lines: 0,
    };
    let top = shown(&gathered.root.join(&gathered.folder));
    drawing.line("", if top.is_empty() { "." } else { &top })?;
    drawing.folder(&gathered.folder, "", &mut Vec::new())?;
    Ok(drawing.text)
}

struct Drawing<'g> {
    gathered: &'g Gathered,
    text: String,
    lines: usize,
}

/// Something that a kustomization names.
struct Named {
    /// As it is written there.
    text: String,
    /// In the tree.
    path: String,
    field: String,
    line: u32,
    is_folder: bool,
}

impl Drawing<'_> {
    fn folder(&mut self, folder: &str, indent: &str, above: &mut Vec<String>) -> Result<()> {
        if above.iter().any(|one| one == folder) {
            return self.line(indent, "└── (a cycle: this folder is above)");
        }
        above.push(folder.to_owned());
        let named = self.named_in(folder);
        for (index, one) in named.iter().enumerate() {
            let (branch, below) = match index + 1 == named.len() {
                true => ("└── ", "    "),
                false => ("├── ", "│   "),
            };
            let says = format!("{branch}{}  ({}, line {})", one.text, one.field, one.line);
            self.line(indent, &says)?;
            if one.is_folder {
                self.folder(&one.path, &format!("{indent}{below}"), above)?;
            }
        }
        above.pop();
        Ok(())
    }

    fn named_in(&self, folder: &str) -> Vec<Named> {
        let Some((_, root)) = self.gathered.kustomization(folder) else {
            return Vec::new();
        };
        let mut named = Vec::new();
        let entries = root.entries().iter();
        for entry in entries.filter(|entry| !PATHLESS.contains(&entry.name())) {
            self.collect(folder, entry.name(), &entry.value, &mut named);
        }
        named
    }

    fn collect(&self, folder: &str, field: &str, node: &Node, named: &mut Vec<Named>) {
        match node.kind() {
            Kind::Sequence(items) => items
                .iter()
                .for_each(|item| self.collect(folder, field, item, named)),
            Kind::Mapping(entries) => entries
                .iter()
                .for_each(|entry| self.collect(folder, field, &entry.value, named)),
            _ => named.extend(self.named(folder, field, node)),
        }
    }

    fn named(&self, folder: &str, field: &str, node: &Node) -> Option<Named> {
        let text = node.text()?;
        let path_of = |text: &str| self.gathered.named(folder, text);
        let is_file = |path: &String| self.gathered.files.contains(path);
        let value = text.split_once('=').map(|(_, value)| value);
        let files = [Some(text), value]
            .into_iter()
            .flatten()
            .filter_map(path_of);
        let file = files.into_iter().find(is_file);
        let as_folder = path_of(text)
            .filter(|path| FOLDERS.contains(&field) && self.gathered.kustomization(path).is_some());
        let is_folder = file.is_none();
        Some(Named {
            text: text.to_owned(),
            path: file.or(as_folder)?,
            field: field.to_owned(),
            line: node.span().start.line,
            is_folder,
        })
    }

    fn line(&mut self, indent: &str, text: &str) -> Result<()> {
        self.lines += 1;
        if self.lines > MOST_LINES {
            bail!("the tree has more than {MOST_LINES} lines");
        }
        writeln!(self.text, "{indent}{text}")?;
        Ok(())
    }
}
