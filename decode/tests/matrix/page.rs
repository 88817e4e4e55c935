//! The page that says what is read: its table is made here, and its words are all that may be said.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::Tried;
use crate::cases::Change;
use crate::ours::Verdict;

const TABLE: &str = "<!-- table -->\n";
const END: &str = "<!-- end -->";

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/formats.md"))
}

/// The texts that the page's second table has, each in pieces around what differs from file to file.
fn words() -> Vec<Vec<String>> {
    let page = fs::read_to_string(path()).unwrap();
    let rows = page.split("## What a row says").nth(1).unwrap();
    let rows = rows
        .split("\n## ")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `"));
    let texts = rows.flat_map(|row| {
        let first = row.split(" | ").next().unwrap();
        first
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    texts
        .map(|text| text.split('…').map(str::to_owned).collect())
        .collect()
}

/// What of these texts the page does not know: each must be one of its texts from beginning to end.
pub fn unknown(said: impl Iterator<Item = String>) -> Vec<String> {
    let words = words();
    assert!(words.len() > 15, "the page has {} texts", words.len());
    said.filter(|text| !words.iter().any(|pieces| fits(pieces, without_name(text))))
        .collect()
}

/// An error without the file that it names.
fn without_name(text: &str) -> &str {
    match text.split_once(": ") {
        Some((name, rest)) if name.starts_with(std::env::temp_dir().to_str().unwrap()) => rest,
        _ => text,
    }
}

fn fits(pieces: &[String], text: &str) -> bool {
    let (first, behind) = pieces.split_first().unwrap();
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    let Some((last, middle)) = behind.split_last() else {
        return rest.is_empty();
    };
    for piece in middle {
        match rest.split_once(piece.as_str()) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// The table of formats.
fn table(tried: &[Tried]) -> String {
    let mut formats: Vec<&str> = Vec::new();
    let mut rows: BTreeMap<&str, Vec<&Tried>> = BTreeMap::new();
    for tried in tried {
        let format = tried.case.format;
        if !formats.contains(&format) {
            formats.push(format);
        }
        rows.entry(format).or_default().push(tried);
    }
    let mut table = String::from(
        "| format | read by | files | as ffmpeg | said to differ | said to be unreadable |\n|---|---|---:|---:|---:|---:|\n",
    );
    for format in formats {
        let rows = &rows[format];
        let count = |wanted: &Verdict| rows.iter().filter(|tried| tried.verdict == *wanted).count();
        table += &format!(
            "| {format} | {} | {} | {} | {} | {} |\n",
            read_by(rows),
            rows.len(),
            count(&Verdict::Equal),
            count(&Verdict::Noted),
            count(&Verdict::Refused)
        );
    }
    table
}

/// Who reads the good ones among the files.
fn read_by(rows: &[&Tried]) -> &'static str {
    let good = rows
        .iter()
        .filter(|tried| matches!(tried.case.change, Change::None));
    let builtin = |tried: &Tried| tried.decoder.as_deref() == Some("builtin");
    let (own, theirs): (Vec<&Tried>, Vec<&Tried>) = good.copied().partition(|tried| builtin(tried));
    match (own.is_empty(), theirs.is_empty()) {
        (_, true) => "built in",
        (true, false) => "ffmpeg",
        (false, false) if theirs.iter().all(|tried| tried.case.channels > 2) => {
            "built in; surround by ffmpeg"
        }
        (false, false) => "built in; some by ffmpeg",
    }
}

/// Writes the page's table, or says whether it is the one that was made now.
pub fn keep(tried: &[Tried], version: &str) {
    let page = fs::read_to_string(path()).unwrap();
    let (before, rest) = page.split_once(TABLE).unwrap();
    let (there, behind) = rest.split_once(END).unwrap();
    let made = format!("{}\nMade with ffmpeg {version}.\n", table(tried));
    if std::env::var_os("ECHOMETER_WRITE_DOCS").is_some() {
        fs::write(path(), format!("{before}{TABLE}{made}{END}{behind}")).unwrap();
        return;
    }
    // Another ffmpeg writes other files.
    if there.contains(&format!("Made with ffmpeg {version}.")) {
        assert_eq!(
            there, made,
            "docs/formats.md: ECHOMETER_WRITE_DOCS=1 makes its table anew"
        );
    } else {
        println!("docs/formats.md was made with another ffmpeg than {version}");
    }
}
