use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

pub use towpath_model::workspace::Packed;
use towpath_model::workspace::Selection;

use super::Writer;
use super::gather::{Content, Gathered, gather};
use crate::beneath::Folder;
use crate::{EntryPath, Error};

/// Zips the files beneath `root` that `selection` names into the new file `dest`: sorted, with fixed times,
/// so that the same files give the same bytes. Folders as such are not part of an artifact.
///
/// A symbolic link stays a link when what it points to is in the artifact too; else the file that it points
/// to takes its place. One that leaves `root` is an error. No link makes this read outside of `root`.
/// After an error `dest` is not there.
pub fn pack(root: &Path, selection: &Selection, dest: &Path) -> Result<Packed, Error> {
    let folder = Folder::open(root).map_err(Error::io("open", root))?;
    let gathered = gather(&folder, selection)?;
    let sink = File::create_new(dest).map_err(Error::io("create", dest))?;
    let packed = write(&folder, &gathered, sink, dest);
    if packed.is_err() {
        std::fs::remove_file(dest).map_err(Error::io("remove the unfinished", dest))?;
    }
    packed
}

fn write(folder: &Folder, gathered: &Gathered, sink: File, dest: &Path) -> Result<Packed, Error> {
    let mut writer = Writer::new(BufWriter::new(sink));
    let mut packed = Packed { files: 0, bytes: 0 };
    for (name, source) in gathered {
        packed.files += 1;
        packed.bytes += match &source.content {
            Content::Link(target) => {
                writer.link(name, target)?;
                0
            }
            Content::File => write_file(&mut writer, folder, name, folder.open_file(&source.path))?,
            Content::Followed => write_file(
                &mut writer,
                folder,
                name,
                folder.open_file_following(&source.path),
            )?,
        };
    }
    // Unlike `drop`, this reports a disk that is full.
    writer
        .finish()?
        .into_inner()
        .map_err(|error| Error::io("write", dest)(error.into_error()))?;
    Ok(packed)
}

fn write_file(
    writer: &mut Writer<BufWriter<File>>,
    folder: &Folder,
    name: &EntryPath,
    file: std::io::Result<File>,
) -> Result<u64, Error> {
    use std::os::unix::fs::MetadataExt;
    let path = folder.path().join(name.as_path());
    let mut file = file.map_err(Error::io("open", &path))?;
    let metadata = file.metadata().map_err(Error::io("read", &path))?;
    writer.file(name, metadata.mode(), metadata.len(), &mut file)?;
    Ok(metadata.len())
}
