//! Wrong usage and missing or wrong inputs: exit codes and messages.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::fs;

use common::*;

#[test]
fn wrong_usage_exits_2() {
    for arguments in [
        &["--format", "xml"][..],
        &["--rate", "0"],
        &["--rate", "101"],
        &["--rate", "NaN"],
        &["--rate", "many"],
        &["--device", "abacus"],
        &["--unknown"],
        &["--input", "demo:polka"],
        &["--input", "-", "--raw-rate", "48000"],
        &[
            "--input",
            "-",
            "--raw-rate",
            "0",
            "--raw-channels",
            "2",
            "--raw-format",
            "s16le",
        ],
        &[
            "--input",
            "-",
            "--raw-rate",
            "4000000000",
            "--raw-channels",
            "2",
            "--raw-format",
            "s16le",
        ],
        &[
            "--input",
            "-",
            "--raw-rate",
            "48000",
            "--raw-channels",
            "65",
            "--raw-format",
            "s16le",
        ],
        &[
            "--input",
            "demo",
            "--raw-rate",
            "48000",
            "--raw-channels",
            "2",
            "--raw-format",
            "s16le",
        ],
        // Standard output is a pipe here.
        &["--input", "demo", "--format", "terminal"],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(
            stderr(&output).starts_with("error: "),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn inputs_that_are_not_there_exit_3_and_are_named() {
    for input in [
        "no/such/file.wav",
        "missing.flac",
        "./missing",
        "no such microphone",
        "999",
    ] {
        let output = run(&["--input", input]);
        assert_eq!(code(&output), 3, "{input}: {}", stderr(&output));
        assert!(stderr(&output).contains(input), "{}", stderr(&output));
        assert!(stderr(&output).contains("hint: "), "{}", stderr(&output));
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("no such device")).unwrap();
    for input in [folder.path().to_str().unwrap(), "no such device"] {
        let output = analyzer(&["--input", input])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(code(&output), 3, "{input}: {}", stderr(&output));
        assert!(stderr(&output).contains("it is a folder"), "{}", stderr(&output));
    }
}

#[cfg(target_os = "linux")] // Elsewhere such names cannot be made.
#[test]
fn names_that_are_not_utf_8_are_opened() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let name = OsStr::from_bytes(b"caf\xe9.wav");
    let path = wav(folder.path(), "cafe.wav", &chord(3.0));
    let run = || {
        analyzer(&["--once", "--input"])
            .arg(name)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let missing = run();
    assert_eq!(code(&missing), 3, "{}", stderr(&missing));
    fs::rename(path, folder.path().join(name)).unwrap();
    assert_eq!(lines(&run()).len(), 1);
}

#[test]
fn inputs_that_are_no_audio_exit_3() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 1u32;
    let noise: Vec<u8> = (0..50_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    for name in [
        "noise",
        "noise.wav",
        "noise.mp3",
        "noise.ogg",
        "noise.flac",
        "noise.m4a",
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &noise).unwrap();
        let output = run(&["--input", path.to_str().unwrap()]);
        assert_eq!(code(&output), 3, "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
    let empty = wav(folder.path(), "empty.wav", &[]);
    let output = run(&["--input", empty.to_str().unwrap()]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("no audio"), "{}", stderr(&output));
    let nothing = folder.path().join("nothing.wav");
    fs::write(&nothing, []).unwrap();
    assert_eq!(code(&run(&["--input", nothing.to_str().unwrap()])), 3);
}

#[test]
fn raw_standard_input_must_be_told() {
    let output = run_with(&["--input", "-"], &[0; 10_000]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("--raw-rate 48000"),
        "{}",
        stderr(&output)
    );
    let output = run_with(&["--input", "-"], &[]);
    assert_eq!(code(&output), 3);
}

#[test]
fn a_wrong_model_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere");
    let output = run(&["--input", "demo:dance", "--model", missing.to_str().unwrap()]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("nowhere"), "{}", stderr(&output));
}

#[test]
fn help_and_list_succeed() {
    for arguments in [["--help"], ["--version"], ["--list-devices"]] {
        let output = run(&arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(!output.stdout.is_empty());
        assert!(output.stderr.is_empty(), "{}", stderr(&output));
    }
}

#[cfg(unix)]
#[test]
fn names_do_not_command_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    // Clear the screen, ring, red by an 8-bit control, delete, turn the order round, start a new line.
    let name = "\x1b[2J\x07\u{9b}31m\u{7f}\u{202e}a\nnote: all is well.wav";
    let at = folder.path().join(name);
    wav(folder.path(), name, &chord(3.0));
    wav(folder.path(), &format!("short{name}"), &chord(0.3));
    fs::write(folder.path().join(format!("text{name}")), "no audio").unwrap();
    let config = folder.path().join(format!("{name}.toml"));
    fs::write(&config, "inputt = 1\n").unwrap();
    std::os::unix::fs::symlink(
        folder.path().join("nowhere"),
        folder.path().join(format!("link{name}")),
    )
    .unwrap();
    let (at, config) = (at.to_str().unwrap(), config.to_str().unwrap());
    let (missing, short) = (at.replace("all", "missing"), format!("short{name}"));
    let commands: [&[&str]; 16] = [
        &["--once", "-v", "--input", at],
        &["--once", "-vv", "--input", &short],
        &["--input", &missing],
        &["--input", name, "--csv", at],
        &["--input", "demo", "--osc", name],
        &["--input", "demo", "--midi", name],
        &["--input", "demo", "--model", name],
        &["--input", &format!("demo:{name}")],
        &["--input", &name.replace(".wav", "")],
        &["--config", config, "--input", "demo:dance"],
        &["config", "--write", "--config", &format!("new{name}")],
        &["scan", "-v", ".", "--write-tags", "1t"],
        &["scan", ".", "--out", name],
        &["scan", ".", "--out", &format!("{name}.csv")],
        &["scan", &missing],
        &[&format!("--{name}")],
    ];
    for arguments in commands {
        let output = analyzer(arguments).current_dir(folder.path()).output().unwrap();
        for stream in [&output.stdout, &output.stderr] {
            let text = std::str::from_utf8(stream).unwrap();
            let obeyed = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!text.contains(obeyed), "{arguments:?}: {text:?}");
            assert!(!text.contains("\nnote: all is well"), "{arguments:?}: {text:?}");
        }
    }
}

#[test]
fn a_library_that_is_named_and_not_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    wav(folder.path(), "x.wav", &chord(3.0));
    for arguments in [&["--once", "--input", "x.wav"][..], &["scan", "x.wav"]] {
        for (named, verbose, expected) in [("", "", false), ("", "-v", true), ("nowhere.so", "", true)] {
            let mut command = analyzer(arguments);
            command.current_dir(folder.path()).env_remove("ORT_DYLIB_PATH");
            if !named.is_empty() {
                command.env("ORT_DYLIB_PATH", named);
            }
            if !verbose.is_empty() {
                command.arg(verbose);
            }
            let output = command.output().unwrap();
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            let told = stderr(&output);
            let news = told.contains("inference on") || told.contains("backend=");
            assert_eq!(news, expected, "{arguments:?} {named} {verbose}: {told}");
            assert_eq!(told.contains("nowhere.so"), !named.is_empty(), "{told}");
        }
    }
}
