//! Debian packages for tests, written member by member, so that they can also be hostile.

use std::io::{Cursor, Write};
use std::path::Path;

use crate::corpus::list::{Track, parse_tracks};
use crate::corpus::unpack::md5_hex;

/// A package to be.
#[derive(Default)]
pub(crate) struct Package {
    files: Vec<(String, tar::EntryType, Vec<u8>)>,
}

impl Package {
    pub(crate) fn file(mut self, path: &str, bytes: &[u8]) -> Self {
        self.files
            .push((format!("./{path}"), tar::EntryType::Regular, bytes.to_vec()));
        self
    }

    /// A symbolic link under this very name.
    pub(crate) fn link(mut self, path: &str) -> Self {
        self.files
            .push((path.to_owned(), tar::EntryType::Symlink, Vec::new()));
        self
    }

    /// A file under this very name.
    pub(crate) fn raw(mut self, path: &str, bytes: &[u8]) -> Self {
        self.files
            .push((path.to_owned(), tar::EntryType::Regular, bytes.to_vec()));
        self
    }

    /// The package's bytes: an `ar` with the format's number, the control files and the files.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let control = b"Package: t\nVersion: 1\nArchitecture: all\nMaintainer: t\nDescription: t\n".to_vec();
        let control = tar_of(&[("./control".to_owned(), tar::EntryType::Regular, control)]);
        let mut ar = b"!<arch>\n".to_vec();
        let files = tar_of(&self.files);
        for (name, bytes) in [
            ("debian-binary", b"2.0\n".as_slice()),
            ("control.tar", &control),
            ("data.tar", &files),
        ] {
            writeln!(
                ar,
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`",
                0,
                0,
                0,
                "100644",
                bytes.len()
            )
            .unwrap();
            ar.extend(bytes);
            if bytes.len() % 2 == 1 {
                ar.push(b'\n');
            }
        }
        ar
    }
}

fn tar_of(files: &[(String, tar::EntryType, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, kind, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        if kind.is_symlink() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// A zip file, packed.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A Qt resource file with these streams, without names.
pub(crate) fn resource_of(streams: &[&[u8]]) -> Vec<u8> {
    let size: usize = streams.iter().map(|stream| 4 + stream.len()).sum();
    let end = 24 + size as u32;
    let mut bytes = b"qres".to_vec();
    for number in [3, end + 8, 24, end, 1] {
        bytes.extend(number.to_be_bytes());
    }
    for stream in streams {
        bytes.extend((stream.len() as u32).to_be_bytes());
        bytes.extend(*stream);
    }
    bytes.extend([0; 8]); // Names,
    bytes.extend([0; 22]); // and the root of the tree.
    bytes
}

/// A track of `package` at `path` with the content `bytes`.
pub(crate) fn track(package: &str, path: &str, bytes: &[u8]) -> Track {
    let md5 = md5_hex(bytes);
    let text = format!(
        "package,version,path,md5,seconds,codec,licence,title,artist,kind\n{package},1,{path},{md5},60,OggVorbis,CC0-1.0,,,music\n"
    );
    parse_tracks(&text).unwrap().remove(0)
}

/// Whether this system can read packages; says so where not.
pub(crate) fn has_dpkg() -> bool {
    let there = std::process::Command::new("dpkg-deb")
        .arg("--version")
        .output()
        .is_ok();
    if !there {
        eprintln!("skipped: dpkg-deb is not there");
    }
    there
}

/// Every file below a folder, with `/`, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}
