//! What the corpus's folder says of itself: the manifest to train on, whom the music is by, and what is not there.

use std::fmt::Write;
use std::path::Path;

use echometer_engine::Feature;

use super::choice::LeftOut;
use super::list::{ASSUMED, Clip, Track};
use super::unpack::{Store, copyright_of};

/// One row a labelled clip.
pub(crate) const MANIFEST: &str = "manifest.csv";
/// The same clips with what is assumed of them.
pub(crate) const ASSUMPTIONS: &str = "assumed.csv";
/// Title, artist, licence and source of each track.
pub(crate) const ATTRIBUTION: &str = "ATTRIBUTION.md";
/// One row a track that is not there.
pub(crate) const REPORT: &str = "report.csv";

/// Writes the files for a folder that has the tracks `there`.
pub(crate) fn write(store: &Store, there: &[&Track], left_out: &[LeftOut]) -> anyhow::Result<()> {
    let labels = |clip: &Clip| clip.labels.iter().map(|(_, &value)| value).collect();
    store.write(Path::new(MANIFEST), &manifest(there, &Feature::ALL, labels)?)?;
    let assumed = |clip: &Clip| clip.assumed.to_vec();
    store.write(Path::new(ASSUMPTIONS), &manifest(there, &ASSUMED, assumed)?)?;
    store.write(Path::new(ATTRIBUTION), attribution(store, there).as_bytes())?;
    store.write(Path::new(REPORT), &report(left_out)?)?;
    Ok(())
}

fn manifest(
    there: &[&Track],
    features: &[Feature],
    labels: impl Fn(&Clip) -> Vec<f32>,
) -> anyhow::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let features = features.iter().map(|feature| feature.name());
    let columns = ["path", "start", "artist"].into_iter().chain(features);
    csv.write_record(columns.chain(["licence", "title", "package"]))?;
    for track in there {
        for clip in &track.clips {
            let mut record = vec![
                slashed(&track.stored()),
                clip.start.to_string(),
                track.group().to_owned(),
            ];
            record.extend(labels(clip).iter().map(ToString::to_string));
            record.extend([&track.licence, &track.title, &track.package].map(Clone::clone));
            csv.write_record(&record)?;
        }
    }
    Ok(csv.into_inner()?)
}

fn attribution(store: &Store, there: &[&Track]) -> String {
    let mut text = String::from(
        "# Music of the open corpus\n\n\
         From packages of the Debian archive. Licences are as the file's own copyright entry or tag states them; `package:` \
         marks those of the whole package where the track has no entry of its own. `copyright/` has each package's own words, \
         which hold. Whoever passes a track on keeps to its licence.\n",
    );
    let mut package = "";
    for track in there {
        // Writing to a string cannot fail.
        if track.package != package {
            package = &track.package;
            let _ = write!(
                text,
                "\n## {package}\n\nSource: https://packages.debian.org/{package}"
            );
            let copyright = copyright_of(package);
            let _ = if store.folder().join(&copyright).exists() {
                writeln!(text, ", [copyright]({})\n", slashed(&copyright))
            } else {
                writeln!(text, ", copyright: in the package\n")
            };
        }
        let stated = |text: &str, otherwise: &str| match text.trim() {
            "" => otherwise.to_owned(),
            text => plain(text),
        };
        let name = track.path.rsplit('/').next().unwrap_or(&track.path);
        let _ = writeln!(
            text,
            "- **{}** by {}; licence: {}; `{}`",
            stated(&track.title, name),
            stated(&track.artist, "unstated artist"),
            stated(&track.licence, "not stated"),
            track.path.replace('`', "'")
        );
    }
    text
}

/// On one line, with nothing that Markdown would take for its own.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\') {
            plain.push('\\');
        }
        plain.push(if c.is_control() { ' ' } else { c });
    }
    plain
}

fn report(left_out: &[LeftOut]) -> anyhow::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["package", "path", "reason"])?;
    for left in left_out {
        csv.write_record([&left.track.package, &left.track.path, &left.reason])?;
    }
    Ok(csv.into_inner()?)
}

/// With `/` on every system, so that the folder can be carried about.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::list::tracks;

    #[test]
    fn the_manifest_has_a_row_a_clip_with_its_group() {
        let tracks = tracks().unwrap();
        let there: Vec<_> = tracks.iter().filter(|track| track.package == "toppler").collect();
        let labels = |clip: &Clip| clip.labels.iter().map(|(_, &value)| value).collect();
        let text = String::from_utf8(manifest(&there, &Feature::ALL, labels).unwrap()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "path,start,artist,danceability,energy,speechiness,acousticness,instrumentalness,liveness,valence,loudness,licence,title,package"
        );
        assert_eq!(lines.len(), 1 + there[0].clips.len());
        assert!(lines[1].starts_with("audio/toppler/usr/"), "{}", lines[1]);
        let mut unknown = there[0].clone();
        unknown.artist = " ".into();
        assert_eq!(unknown.group(), "toppler");
        unknown.artist = "Someone".into();
        assert_eq!(unknown.group(), "Someone");
    }

    #[test]
    fn assumptions_are_a_manifest_of_two_features() {
        let tracks = tracks().unwrap();
        let there: Vec<_> = tracks.iter().filter(|track| track.package == "toppler").collect();
        let text = manifest(&there, &ASSUMED, |clip| clip.assumed.to_vec()).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("path,start,artist,instrumentalness,speechiness,licence,"));
        assert_eq!(text.lines().count(), 1 + there[0].clips.len());
    }

    #[test]
    fn attribution_names_what_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut track = tracks().unwrap().remove(0);
        (track.title, track.artist) = ("A [title]\n# *x*".into(), String::new());
        let text = attribution(&store, &[&track]);
        assert!(text.contains("**A \\[title\\] # \\*x\\***"), "{text}");
        assert!(
            text.contains("by unstated artist; licence: CC-BY-SA-3.0; `usr/share"),
            "{text}"
        );
        assert!(
            text.contains("https://packages.debian.org/0ad-data, copyright: in the package"),
            "{text}"
        );
    }
}
