//! The configuration file, shell completions and the manual page.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::fs;
use std::path::Path;

use common::*;

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("analyzer.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_file_says_what_flags_say_and_flags_win() {
    let folder = tempfile::tempdir().unwrap();
    let input = wav(folder.path(), "chord.wav", &chord(4.0));
    let config = file(
        folder.path(),
        &format!(
            "# mine\ninput = \"{}\"\nrate = 2\ndevice = \"embedded\"\nonce = true\nchannels = [2, 1]\nverbose = 0\n",
            input.display()
        ),
    );
    assert_eq!(lines(&run(&["--config", &config])).len(), 1);
    assert_eq!(lines(&run(&["--config", &config, "--no-once"])).len(), 8);
    assert_eq!(
        lines(&run(&["--config", &config, "--no-once", "--rate", "1"])).len(),
        4
    );
    // The same file in the user's folder.
    let home = folder.path().join("echometer");
    fs::create_dir(&home).unwrap();
    fs::copy(&config, home.join("analyzer.toml")).unwrap();
    let mut found = analyzer(&["--rate", "1", "--no-once"]);
    if cfg!(not(windows)) {
        let output = found.env("XDG_CONFIG_HOME", folder.path()).output().unwrap();
        assert_eq!(lines(&output).len(), 4);
        let mut without = analyzer(&["--no-config", "--input", "demo:polka"]);
        let output = without.env("XDG_CONFIG_HOME", folder.path()).output().unwrap();
        assert_eq!(code(&output), 2, "{}", stderr(&output));
    }
}

#[test]
fn lists_are_replaced_by_flags_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let config = file(
        folder.path(),
        "osc = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nmidi = \"Synth\"\n",
    );
    let text = printed(&["config", "--config", &config]);
    assert!(
        text.contains("osc = [\"127.0.0.1:1\", \"127.0.0.1:2\"]"),
        "{text}"
    );
    assert!(text.contains("midi = [\"Synth\"]"), "{text}");
    let text = printed(&["config", "--config", &config, "--osc", "127.0.0.1:3"]);
    assert!(text.contains("osc = [\"127.0.0.1:3\"]"), "{text}");
}

#[test]
fn what_config_prints_is_a_file_that_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "config",
        "--no-config",
        "--input",
        "a \"b\" \\c.wav",
        "--rate",
        "2.5",
        "--osc",
        "127.0.0.1:9000",
        "--once",
        "--channels",
        "3,4",
        "-vv",
    ];
    let text = printed(&flags);
    for line in [
        "rate = 2.5",
        "once = true",
        "channels = [3, 4]",
        "verbose = 2",
        "realtime = false",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}:\n{text}");
    }
    let config = file(folder.path(), &text);
    assert_eq!(printed(&["config", "--config", &config]), text);
    // Numbers that TOML would write otherwise.
    for (rate, line) in [
        (".5", "rate = \".5\""),
        ("05", "rate = \"05\""),
        ("5.", "rate = \"5.\""),
    ] {
        let text = printed(&["config", "--no-config", "--rate", rate]);
        assert!(text.lines().any(|found| found == line), "{text}");
        let config = file(folder.path(), &text);
        assert_eq!(printed(&["config", "--config", &config]), text);
    }
    let defaults = printed(&["config"]);
    let config = file(folder.path(), &defaults);
    assert_eq!(printed(&["config", "--config", &config]), defaults);
}

#[test]
fn errors_name_file_line_and_keys() {
    let folder = tempfile::tempdir().unwrap();
    for (text, line, words) in [
        (
            "rate = 5\nrat = 5\n",
            2,
            &["`rat`", "known keys", "rate, ", "osc"][..],
        ),
        ("\n\nrate = \"fast\"\n", 3, &["rate", "number"]),
        ("rate = 1000\n", 1, &["rate"]),
        ("format = \"xml\"\n", 1, &["format", "jsonl"]),
        ("once = 1\n", 1, &["once", "true or false"]),
        ("rate = [1, 2]\n", 1, &["rate", "one value"]),
        ("midi-channel = 17\n", 1, &["midi-channel"]),
        ("config = \"x\"\n", 1, &["`config`"]),
        ("rate = 5\nrate = 6\n", 2, &["rate"]),
        ("rate = 5\ninput mic\n", 2, &[]),
        ("[osc]\nx = 1\n", 1, &["osc"]),
    ] {
        let config = file(folder.path(), text);
        let output = run(&["--config", &config]);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{text}: {said}");
        assert!(
            said.starts_with(&format!("error: {config}:{line}: ")),
            "{text}: {said}"
        );
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
    let output = run(&["--config", "/no/such/file.toml"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("/no/such/file.toml"));
}

#[test]
fn shells_and_man_get_what_they_read() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(printed(&["completions", shell]).contains("osc"), "{shell}");
    }
    let man = printed(&["man"]);
    assert!(man.starts_with(".ie") || man.contains(".TH analyzer"), "{man}");
    assert!(man.contains("midi"));
    // Subcommands and the flags of listening are not mixed.
    assert_eq!(code(&run(&["--once", "man"])), 2);
}

#[test]
fn flags_that_all_commands_know_stand_anywhere_and_others_after_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let input = wav(folder.path(), "chord.wav", &chord(3.0));
    let input = input.to_str().unwrap();
    let config = file(folder.path(), "[scan]\ncurves = true\n");
    for arguments in [
        ["--config", &config, "scan", input],
        ["scan", "--config", &config, input],
    ] {
        let output = run(&arguments);
        assert!(lines(&output)[0]["curve"].is_object(), "{arguments:?}");
    }
    assert!(
        lines(&run(&["--no-config", "scan", input]))[0]
            .get("curve")
            .is_none()
    );
    let output = run(&["--rate", "2", "scan", input]);
    assert_eq!(code(&output), 2);
    let told = stderr(&output);
    assert!(
        told.contains("--rate before `scan`") && told.contains("analyzer scan …"),
        "{told}"
    );
}

#[test]
fn settings_are_kept_and_what_was_there_is_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/analyzer.toml");
    let path = path.to_str().unwrap();
    let told = printed(&["config", "--config", path, "--write", "--rate", "2"]);
    assert_eq!(told, format!("wrote {path}\n"));
    let text = fs::read_to_string(path).unwrap() + "jobs = 3\ncurves = true\n";
    // The last table is that of `scan`.
    let text = text.replace("curves = false\n", "");
    fs::write(path, &text).unwrap();
    let told = printed(&["config", "--config", path, "--write", "--osc", "127.0.0.1:9"]);
    assert!(told.contains(".bak"), "{told}");
    let kept = fs::read_to_string(path).unwrap();
    for line in ["rate = 2", "osc = [\"127.0.0.1:9\"]", "jobs = 3", "curves = true"] {
        assert!(kept.lines().any(|kept| kept == line), "no {line} in {kept}");
    }
    assert_eq!(fs::read_to_string(format!("{path}.bak")).unwrap(), text);
    printed(&["config", "--config", path, "--write", "--rate", "3"]);
    assert_eq!(
        fs::read_to_string(format!("{path}.bak")).unwrap(),
        text,
        "it is kept for good"
    );
    assert_eq!(fs::read_to_string(format!("{path}.bak1")).unwrap(), kept);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let link = folder.path().join("link.toml");
        symlink(path, &link).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
        printed(&[
            "config",
            "--config",
            link.to_str().unwrap(),
            "--write",
            "--rate",
            "4",
        ]);
        assert!(link.is_symlink() && fs::read_to_string(path).unwrap().contains("rate = 4"));
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o640);
    }
}

#[test]
fn what_does_not_need_the_file_is_there_however_wrong_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for (text, said) in [
        ("inputt = \"mic\"\n", "there is no key `inputt`"),
        ("rate = ]\n", "`rate = ]`"),
        ("[scan]\njobs = 0\n", "it must be a whole number from 1"),
        ("device = \"abacus\"\n", "abacus"),
    ] {
        let config = file(folder.path(), text);
        for arguments in [
            &["completions", "bash"][..],
            &["man"],
            &["--list-devices"],
            &["--version"],
        ] {
            printed(&[&["--config", &config], arguments].concat());
        }
        for arguments in [&["--input", "demo:dance"][..], &["scan", "."], &["config"]] {
            let output = run(&[arguments, &["--config", &config]].concat());
            assert_eq!(code(&output), 2, "{text}: {}", stderr(&output));
            let told = stderr(&output);
            assert!(told.contains(said) && told.contains("--no-config"), "{told}");
            assert!(!told.contains("non-zero"), "{told}");
        }
        let output = run(&["config", "--no-config"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    let output = run(&["scan", "--jobs", "0", "."]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("it must be a whole number from 1"),
        "{}",
        stderr(&output)
    );
}
