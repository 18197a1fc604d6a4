use std::fs::File;
use std::io::{self, Read};

use towpath_model::Diagnostic;

use super::{CopyError, Gathered};
use crate::dockerfile::Step;
use crate::tree::{Kind, Node};

/// Where a tar says that it is one.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// `ADD` unpacks archives in Docker, told by their content; here they are refused rather than copied.
pub(crate) fn refuse_archives(step: &Step, gathered: &[Gathered]) -> Result<(), CopyError> {
    for source in gathered
        .iter()
        .filter(|source| source.top.kind == Kind::File)
    {
        if is_archive(&source.top).map_err(CopyError::io(&source.top.path))? {
            let message = format!(
                "ADD of the archive {} is not supported yet",
                source.top.path
            );
            return Err(Diagnostic::new(step.location.clone(), message)
                .help("unpack it in the build, or COPY it and unpack it in a RUN")
                .into());
        }
    }
    Ok(())
}

fn is_archive(node: &Node) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(&node.file)?
        .take(TAR_MAGIC.end as u64)
        .read_to_end(&mut head)?;
    let compressed: [&[u8]; 4] = [
        &[0x1f, 0x8b],
        b"BZh",
        &[0xfd, b'7', b'z', b'X', b'Z', 0],
        &[0x28, 0xb5, 0x2f, 0xfd],
    ];
    Ok(head.get(TAR_MAGIC) == Some(b"ustar")
        || compressed.iter().any(|magic| head.starts_with(magic)))
}
