//! The plugin in real hosts: JUCE's, Ardour's and Qtractor's. Each test needs its host and skips without it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use echometer_models::DEMOS;
use echometer_tests::{bundles, demo, skip};
use serde_json::Value;

/// A host that runs in `room` as its home and sees no display. One that hangs is ended; no machine takes this long.
fn host(program: &Path, room: &Path) -> Command {
    let mut command = Command::new("timeout");
    command
        .args(["--kill-after=10", "300"])
        .arg(program)
        .env("HOME", room)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null());
    command
}

/// Everything that a host said.
fn words(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hosts").join(name)
}

/// What `PYTHONPATH` must be for python3 to have pedalboard, if it can have it.
fn pedalboard() -> Option<OsString> {
    let own = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let fetched = std::env::var_os("ECHOMETER_PEDALBOARD").unwrap_or_default();
    let folders = [fetched, own].into_iter().filter(|folder| !folder.is_empty());
    let path = std::env::join_paths(folders.map(PathBuf::from)).ok()?;
    let status = Command::new("python3")
        .args(["-c", "import pedalboard"])
        .env("PYTHONPATH", &path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success()).then_some(path)
}

#[test]
fn juces_host_gets_back_every_sample_of_music() {
    let Some(python_path) = pedalboard() else {
        return skip("python3 has no pedalboard (JUCE's host); `cargo xtask test` sets it up");
    };
    let room = tempfile::tempdir().unwrap();
    let bundle = bundles::vst3(room.path());
    for entry in DEMOS {
        let (samples, format) = demo(entry.name);
        let (input, output) = (room.path().join("input"), room.path().join("output"));
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        fs::write(&input, bytes).unwrap();
        let said = host(Path::new("python3"), room.path())
            .env("PYTHONPATH", &python_path)
            .arg(script("juce.py"))
            .args([&bundle, &input, &output])
            .args([format.rate.to_string(), format.channels.to_string()])
            .output()
            .unwrap();
        assert!(said.status.success(), "{}", words(&said));
        let plugin: Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(plugin["name"], "Echometer", "{plugin}");
        assert_eq!(plugin["vendor"], "Echometer", "{plugin}");
        assert_eq!(plugin["version"], env!("CARGO_PKG_VERSION"), "{plugin}");
        assert_eq!(plugin["category"], "Fx|Analyzer", "{plugin}");
        assert_eq!(plugin["latency"], 0, "{plugin}");

        let bytes = fs::read(&output).unwrap();
        let heard = bytes
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
        assert_eq!(heard.len(), samples.len(), "{}", entry.name);
        for (place, (heard, sample)) in heard.zip(&samples).enumerate() {
            // Subnormal samples become zero: the one thing that the plugin changes.
            let expected = if sample.is_subnormal() { 0.0 } else { *sample };
            assert_eq!(
                heard.to_bits(),
                expected.to_bits(),
                "sample {place} of {}",
                entry.name
            );
        }
    }
}

/// Ardour's programs, of the newest version that is installed: the Lua interpreter and the VST3 scanner.
fn ardour() -> Option<(PathBuf, PathBuf)> {
    let prefixes = ["/usr", "/usr/local"].map(Path::new);
    (6..=12).rev().find_map(|version| {
        prefixes.iter().find_map(|prefix| {
            let lua = prefix.join(format!("bin/ardour{version}-lua"));
            let scanner = prefix.join(format!("lib/ardour{version}/ardour-vst3-scanner"));
            (lua.is_file() && scanner.is_file()).then_some((lua, scanner))
        })
    })
}

#[test]
fn ardour_plays_a_track_through_the_plugin() {
    let Some((lua, scanner)) = ardour() else {
        return skip("Ardour (ardour) is not installed");
    };
    let room = tempfile::tempdir().unwrap();
    let bundle = bundles::vst3(room.path());
    let plugins = room.path().join(".vst3");
    fs::create_dir(&plugins).unwrap();
    std::os::unix::fs::symlink(&bundle, plugins.join("Echometer.vst3")).unwrap();

    let scan = host(&scanner, room.path())
        .env("LD_LIBRARY_PATH", scanner.parent().unwrap())
        .args(["-f", "-v"])
        .arg(plugins.join("Echometer.vst3"))
        .output()
        .unwrap();
    assert!(scan.status.success(), "{}", words(&scan));

    let session = host(&lua, room.path())
        .arg(script("ardour.lua"))
        .arg(room.path().join("session"))
        .output()
        .unwrap();
    let said = words(&session);
    assert!(session.status.success(), "{said}");
    assert!(said.lines().any(|line| line == "passed"), "{said}");
}

#[test]
fn qtractors_scanner_lists_the_clap() {
    let libraries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let folders = libraries
        .map(|entry| entry.path())
        .chain(["/usr/lib".into(), "/usr/local/lib".into()]);
    let scanner = folders
        .map(|folder| folder.join("qtractor/qtractor_plugin_scan"))
        .find(|scanner| scanner.is_file());
    let Some(scanner) = scanner else {
        return skip("Qtractor (qtractor) is not installed");
    };
    let room = tempfile::tempdir().unwrap();
    let bundle = bundles::clap(room.path());
    let list = room.path().join("list");
    fs::write(&list, format!("clap:{}\n", bundle.display())).unwrap();
    let scan = host(&scanner, room.path())
        .env("QT_QPA_PLATFORM", "offscreen")
        .stdin(fs::File::open(&list).unwrap())
        .output()
        .unwrap();
    let said = words(&scan);
    assert!(scan.status.success(), "{said}");
    // CLAP|name|audio inputs:outputs|MIDI inputs:outputs|controls inputs:outputs|flags|file|…
    assert!(said.contains("CLAP|Echometer|2:2|"), "{said}");
}
