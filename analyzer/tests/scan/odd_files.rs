//! Files that are not what one hopes for: each is a row, none is the end.

use std::fs::{self, File};
use std::io::Write;

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::common::*;
use crate::{rows, scan, scanned, table};

fn write(path: &std::path::Path, rate: u32, channels: u16, seconds: u32) {
    let spec = WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for i in 0..rate * seconds {
        let sample = (f64::from(i) * 0.05).sin() * 9_000.0;
        for _ in 0..channels {
            writer.write_sample(sample as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
}

#[test]
fn each_is_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wav(folder.path(), "good.wav", &chord(6.0));
    fs::write(at("empty.mp3"), "").unwrap();
    fs::write(at("passwd.mp3"), "root:x:0:0:root:/root:/bin/bash\n".repeat(40)).unwrap();
    fs::write(at("video.opus"), [0x1A, 0x45, 0xDF, 0xA3, 0, 0, 0, 0]).unwrap();
    let good = fs::read(at("good.wav")).unwrap();
    fs::write(at("cut.wav"), &good[..good.len() / 2 + 1]).unwrap();
    let mut corrupt = good.clone();
    corrupt[12..200].fill(0xFF);
    fs::write(at("corrupt.wav"), corrupt).unwrap();
    wav(folder.path(), "nothing.wav", &[]);
    wav(folder.path(), "short.wav", &chord(0.2));
    wav(folder.path(), "silent.wav", &vec![0; 3 * 88_200]);
    write(&at("slow.wav"), 1_000, 1, 4);
    // More channels than the decoder takes.
    write(&at("wide.wav"), 44_100, 32, 3);
    fs::create_dir(at("folder.mp3")).unwrap();
    fs::write(at("._good.wav"), "left by another system").unwrap();

    let told = scanned(folder.path(), &[".", "--out", "t.jsonl"]);
    let rows = table(&at("t.jsonl"));
    let failed: Vec<_> = rows
        .iter()
        .filter(|(_, row)| !row["error"].is_null())
        .map(|(name, _)| name.as_str())
        .collect();
    let expected = [
        "corrupt.wav",
        "empty.mp3",
        "nothing.wav",
        "passwd.mp3",
        "short.wav",
        "slow.wav",
        "video.opus",
        "wide.wav",
    ];
    assert_eq!(failed, expected);
    assert!(
        told.contains("3 scored, 0 unchanged, 8 could not be scored"),
        "{told}"
    );
    assert_eq!(rows.len(), 11);
    for row in rows.values().filter(|row| !row["error"].is_null()) {
        assert!(
            row["energy"].is_null() && row["model"].is_null() && row["size"].is_u64(),
            "{row}"
        );
        assert!(!row["error"].as_str().unwrap().contains('\n'));
    }
    let error = |name: &str| rows[name]["error"].as_str().unwrap();
    assert!(
        error("slow.wav").contains("input rate is 1000 Hz"),
        "{}",
        error("slow.wav")
    );
    assert!(error("short.wav").contains("too short"));
    assert!(
        error("wide.wav").starts_with("has 32 channels, but"),
        "{}",
        error("wide.wav")
    );
    assert!(
        error("empty.mp3").ends_with("it is empty"),
        "{}",
        error("empty.mp3")
    );
    for name in ["good.wav", "cut.wav"] {
        assert!(rows[name]["energy"].is_f64(), "{}", rows[name]);
    }
    assert_eq!(rows["silent.wav"]["loudness"], -60.0);
    assert!(
        rows["silent.wav"]["energy"].is_null()
            && rows["silent.wav"]["note"].as_str().unwrap().starts_with("silent")
    );
    // What failed is tried again, and may be better by then; what went well is not.
    write(&at("slow.wav"), 8_000, 1, 4);
    let told = scanned(folder.path(), &[".", "--out", "t.jsonl"]);
    assert!(
        told.contains("1 scored, 3 unchanged, 7 could not be scored"),
        "{told}"
    );
}

#[test]
fn a_list_names_files_and_what_is_gone_is_a_row() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "a\nb.wav", &chord(2.5));
    wav(folder.path(), "song without extension", &chord(2.5));
    let mut list = File::create(folder.path().join("list")).unwrap();
    list.write_all(b"a\nb.wav\0song without extension\0gone.wav\0")
        .unwrap();
    let output = scan(folder.path(), &["--from", "list"]);
    let found = rows(std::str::from_utf8(&output.stdout).unwrap());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(found["a\nb.wav"]["energy"].is_f64() && found["song without extension"]["energy"].is_f64());
    assert!(found["gone.wav"]["error"].is_string() && found["gone.wav"]["size"].is_null());
    fs::write(folder.path().join("list"), "song without extension\r\n\n").unwrap();
    let output = scan(folder.path(), &["--from", "list"]);
    assert_eq!(rows(std::str::from_utf8(&output.stdout).unwrap()).len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn links_lead_somewhere_and_loops_end() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir_all(music.join("deep")).unwrap();
    wav(folder.path(), "elsewhere.wav", &chord(2.5));
    symlink(folder.path().join("elsewhere.wav"), music.join("link.wav")).unwrap();
    symlink("nowhere.wav", music.join("dangling.wav")).unwrap();
    symlink("..", music.join("deep/loop")).unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9.wav");
    fs::rename(wav(&music, "x.wav", &chord(2.5)), music.join(odd)).unwrap();
    let told = scanned(folder.path(), &["music", "--out", "t.jsonl"]);
    assert!(told.contains("2 scored"), "{told}");
    assert!(told.contains("dangling.wav"), "a link to nowhere is told: {told}");
    let rows = table(&folder.path().join("t.jsonl"));
    assert!(rows["link.wav"]["energy"].is_f64());
    assert!(
        rows["caf%E9.wav"]["path"]
            .as_str()
            .unwrap()
            .starts_with("file:///")
    );
    let told = scanned(folder.path(), &["music", "--out", "t.jsonl"]);
    assert!(told.contains("0 scored, 2 unchanged: 2 rows"), "{told}");
    fs::remove_file(music.join(odd)).unwrap();
    assert!(scanned(folder.path(), &["music", "--out", "t.jsonl"]).contains("1 gone"));
}

#[cfg(unix)]
#[test]
fn a_file_is_found_once_however_many_ways_lead_to_it() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir_all(music.join("album")).unwrap();
    wav(&music.join("album"), "x.wav", &chord(2.5));
    wav(folder.path(), "outside.wav", &chord(2.5));
    symlink("..", music.join("parent")).unwrap();
    // Before and after what they lead to, in the order of names.
    symlink("album", music.join("a first")).unwrap();
    symlink("album", music.join("z last")).unwrap();
    symlink("album/x.wav", music.join("favourite.wav")).unwrap();
    symlink("loop.wav", music.join("loop.wav")).unwrap();
    let told = scanned(folder.path(), &["music", "--out", "t.jsonl"]);
    assert!(told.contains("2 scored"), "{told}");
    assert!(told.contains("skipped: ") && told.contains("loop.wav"), "{told}");
    let rows = table(&folder.path().join("t.jsonl"));
    assert_eq!(rows.len(), 2);
    let path = |name: &str| rows[name]["path"].as_str().unwrap();
    assert!(path("x.wav").ends_with("music/album/x.wav"), "{}", path("x.wav"));
    assert!(path("outside.wav").ends_with("music/parent/outside.wav"));
    let told = scanned(folder.path(), &["music/parent", "music", "--out", "u.jsonl"]);
    assert!(told.contains("2 scored"), "{told}");
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_a_row_and_holds_nobody_up() {
    use std::os::unix::net::UnixListener;

    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("pipe.mp3"))
        .status();
    assert!(made.unwrap().success());
    let _socket = UnixListener::bind(folder.path().join("socket.mp3")).unwrap();
    fs::write(
        folder.path().join("list"),
        "pipe.mp3\nsocket.mp3\n/dev/zero\n/dev/tty\n.\n",
    )
    .unwrap();
    for (arguments, rows) in [
        (&["pipe.mp3", "socket.mp3", "/dev/zero"][..], 3),
        (&["--from", "list"], 5),
    ] {
        // One that waits is stopped.
        let output = std::process::Command::new("timeout")
            .args([
                "--kill-after=5",
                "60",
                env!("CARGO_BIN_EXE_analyzer"),
                "scan",
                "--no-config",
            ])
            .args(["--device", "embedded"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        let found = crate::rows(std::str::from_utf8(&output.stdout).unwrap());
        assert_eq!(found.len(), rows);
        for (name, row) in found {
            let error = row["error"].as_str().unwrap();
            assert!(error.starts_with("it is "), "{name}: {error}");
        }
    }
    // In a folder they are no music.
    assert!(scanned(folder.path(), &["."]).contains("holds no audio"));
}

#[cfg(unix)]
#[test]
fn one_signal_ends_the_wait_for_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = analyzer(&["scan", "--from", "-"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    let id = child.id().to_string();
    // Until it reads: its status then says that it sleeps. A signal before that ends it as well.
    std::thread::sleep(std::time::Duration::from_millis(500));
    std::process::Command::new("kill").arg(&id).status().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        assert!(std::time::Instant::now() < deadline, "it did not end");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    drop(stdin);
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_kept_or_told() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("closed")).unwrap();
    let file = wav(folder.path(), "a.wav", &chord(2.5));
    wav(folder.path(), "closed/b.wav", &chord(2.5));
    scanned(folder.path(), &[".", "--out", "t.jsonl"]);
    let mode =
        |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&file, 0o000);
    mode(&folder.path().join("closed"), 0o000);
    if File::open(&file).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    let told = scanned(folder.path(), &[".", "--out", "t.jsonl", "--again"]);
    mode(&folder.path().join("closed"), 0o755);
    assert!(told.contains("skipped: ") && told.contains("closed"), "{told}");
    let rows = table(&folder.path().join("t.jsonl"));
    assert!(rows["b.wav"]["energy"].is_f64(), "what was not seen is not gone");
    assert!(rows["a.wav"]["error"].is_string());
}

/// A 16-bit mono AIFF at 44.1 kHz.
fn aiff(samples: &[i16]) -> Vec<u8> {
    let chunk = |tag: &[u8], body: &[u8]| [tag, &(body.len() as u32).to_be_bytes(), body].concat();
    let frames = (samples.len() as u32).to_be_bytes();
    // 44,100 as an 80-bit float.
    let common = [
        &[0, 1][..],
        &frames,
        &[0, 16],
        &[0x40, 0x0E, 0xAC, 0x44, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let sound: Vec<u8> = [0; 8]
        .into_iter()
        .chain(samples.iter().flat_map(|x| x.to_be_bytes()))
        .collect();
    chunk(
        b"FORM",
        &[&b"AIFF"[..], &chunk(b"COMM", &common), &chunk(b"SSND", &sound)].concat(),
    )
}

#[test]
fn a_file_that_ends_early_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let samples: Vec<i16> = (0..6 * 44_100).map(|i| ((i % 200) * 50) as i16).collect();
    let whole = aiff(&samples);
    fs::write(folder.path().join("whole.aiff"), &whole).unwrap();
    fs::write(folder.path().join("cut.aiff"), &whole[..whole.len() / 2]).unwrap();
    scanned(folder.path(), &[".", "--out", "t.jsonl"]);
    let rows = table(&folder.path().join("t.jsonl"));
    assert!(rows["whole.aiff"]["note"].is_null(), "{}", rows["whole.aiff"]);
    let note = rows["cut.aiff"]["note"].as_str().unwrap_or_default();
    assert!(
        note.starts_with("it ends after 3.00 s") && note.ends_with("6.00 s"),
        "{}",
        rows["cut.aiff"]
    );
}
