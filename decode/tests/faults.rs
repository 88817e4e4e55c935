//! Files that were once heard in part, or as noise, without a word.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use echometer_decode::{Choice, Decoder};

fn ffmpeg(arguments: &[&str], out: &Path) -> bool {
    let program = env::var_os("ECHOMETER_FFMPEG").unwrap_or_else(|| "ffmpeg".into());
    let made = Command::new(program)
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments)
        .arg(out)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let made = made.is_ok_and(|status| status.success());
    if !made {
        println!("skipped: there is no ffmpeg, or it cannot make {}", out.display());
    }
    made
}

/// Seconds that are heard, notes, and what decoded it.
fn heard(mut decoder: Decoder) -> (f64, Vec<String>, String) {
    let (mut samples, mut count) = (Vec::new(), 0);
    while decoder.next(&mut samples).unwrap() {
        count += samples.len();
        samples.clear();
    }
    let seconds = count as f64 / f64::from(decoder.channels()) / f64::from(decoder.rate());
    (seconds, decoder.notes(), decoder.decoder())
}

fn file(path: &Path) -> (f64, Vec<String>, String) {
    heard(Decoder::open_with(path, Choice::Builtin).unwrap())
}

/// An MP3 whose first half needs many more bits than its second, with no count of its frames.
fn uneven(folder: &Path, seconds: u32) -> Option<PathBuf> {
    let path = folder.join("uneven.mp3");
    let half = seconds / 2;
    let (noise, tone) = (
        format!("anoisesrc=d={half}:a=0.5"),
        format!("sine=f=220:d={half}"),
    );
    let made = ffmpeg(
        &[
            "-f",
            "lavfi",
            "-i",
            &noise,
            "-f",
            "lavfi",
            "-i",
            &tone,
            "-filter_complex",
            "[0][1]concat=n=2:v=0:a=1",
            "-ac",
            "2",
            "-c:a",
            "libmp3lame",
            "-q:a",
            "4",
            "-write_xing",
            "0",
            "-id3v2_version",
            "0",
        ],
        &path,
    );
    made.then_some(path)
}

#[test]
fn an_mp3_is_heard_to_its_end_whatever_its_first_frames_let_guess() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = uneven(folder.path(), 120) else {
        return;
    };
    let as_file = file(&path);
    let stream = Box::new(File::open(&path).unwrap());
    let as_stream = heard(Decoder::from_stream_with(stream, "standard input", Choice::Builtin).unwrap());
    for (seconds, notes, _) in [as_file, as_stream] {
        // A frame is 26 ms, and the encoder adds one or two.
        assert!((seconds - 120.0).abs() < 0.1, "{seconds}");
        assert_eq!(notes, [""; 0]);
    }
}

#[test]
fn dts_that_is_named_pcm_is_no_noise() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = tone(
        folder.path(),
        "a.dts",
        &["-ar", "48000", "-c:a", "dca", "-strict", "-2"],
    ) else {
        return;
    };
    let dts = fs::read(&path).unwrap();
    let mut wav =
        b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\x01\0\x02\0\x80\xBB\0\0\0\xEE\x02\0\x04\0\x10\0data"
            .to_vec();
    wav.extend((dts.len() as u32).to_le_bytes());
    wav.extend(dts);
    let path = folder.path().join("a.wav");
    fs::write(&path, wav).unwrap();
    let error = Decoder::open_with(&path, Choice::Builtin)
        .err()
        .unwrap()
        .to_string();
    assert!(error.ends_with("holds DTS, named PCM"), "{error}");
    assert!(Decoder::open(&path).unwrap().decoder().starts_with("ffmpeg "));
}

/// Three seconds of a tone.
fn tone(folder: &Path, name: &str, arguments: &[&str]) -> Option<PathBuf> {
    let path = folder.join(name);
    let source = ["-f", "lavfi", "-i", "sine=f=330:r=44100:d=3", "-ac", "2"];
    ffmpeg(&[&source, arguments].concat(), &path).then_some(path)
}

#[test]
fn half_of_a_file_says_that_it_is_half() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        ("a.wav", &["-c:a", "pcm_s16le"][..]),
        ("a.aiff", &["-c:a", "pcm_s16be"]),
        ("a.mp3", &["-c:a", "libmp3lame"]),
        ("a.flac", &["-c:a", "flac"]),
        // A tone is so short in Vorbis that half of it is no whole page.
        (
            "a.ogg",
            &[
                "-filter:a",
                "aeval=random(0)*0.2|random(1)*0.2",
                "-c:a",
                "libvorbis",
            ],
        ),
        ("a.aac", &["-c:a", "aac"]),
        ("a.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
        ("a.mka", &["-c:a", "libmp3lame"]),
    ] {
        let Some(path) = tone(folder.path(), name, arguments) else {
            continue;
        };
        let (whole, notes, _) = file(&path);
        assert!(
            (whole - 3.0).abs() < 0.1 && notes.is_empty(),
            "{name}: {whole} s, {notes:?}"
        );
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        // Also of a stream.
        let stream = Box::new(File::open(&path).unwrap());
        let streamed = heard(Decoder::from_stream_with(stream, "standard input", Choice::Builtin).unwrap());
        assert!(!streamed.1.is_empty(), "{name} as a stream");
        let (half, notes, _) = file(&path);
        assert!((0.3..0.8 * whole).contains(&half), "{name}: {half} s");
        let said = notes.join("; ");
        let words = ["cut off", "ends after"];
        assert!(words.iter().any(|word| said.contains(word)), "{name}: {notes:?}");
        println!("{name}: {half:.2} s; {said}");
    }
}

#[test]
fn a_file_that_goes_on_at_another_rate_is_heard_to_its_end_with_ffmpeg_and_refused_without() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec) in [("a.mp3", "libmp3lame"), ("a.flac", "flac")] {
        let Some(path) = tone(folder.path(), name, &["-c:a", codec]) else {
            continue;
        };
        let Some(other) = tone(
            folder.path(),
            &format!("other-{name}"),
            &["-c:a", codec, "-ar", "22050"],
        ) else {
            continue;
        };
        fs::write(
            &path,
            [fs::read(&path).unwrap(), fs::read(&other).unwrap()].concat(),
        )
        .unwrap();
        let (seconds, notes, decoder) = heard(Decoder::open(&path).unwrap());
        // Where two files are joined, some versions of ffmpeg lose a packet.
        assert!((5.8..6.2).contains(&seconds), "{name}: {seconds} s");
        assert!(
            decoder.starts_with("ffmpeg ") && notes[0].contains("change inside"),
            "{decoder}: {notes:?}"
        );
        let mut alone = Decoder::open_with(&path, Choice::Builtin).unwrap();
        let mut samples = Vec::new();
        let error = loop {
            match alone.next(&mut samples) {
                Ok(more) => assert!(more, "{name} ended without a word"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains("44100 Hz, 2 channels"), "{error}");
    }
}

#[test]
fn a_playlist_opens_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let Some(music) = tone(folder.path(), "music.wv", &["-c:a", "wavpack"]) else {
        return;
    };
    assert!(heard(Decoder::open(&music).unwrap()).2.starts_with("ffmpeg "));
    let list = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let music = music.display();
    for path in [
        list("a.wv", format!("ffconcat version 1.0\nfile '{music}'\n")),
        list(
            "b.m4a",
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile:{music}\n#EXT-X-ENDLIST\n"),
        ),
        list(
            "c.mp3",
            "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"
                .to_owned(),
        ),
        list(
            "d.dff",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n".to_owned(),
        ),
    ] {
        let error = Decoder::open(&path).err().map(|error| error.to_string());
        assert!(error.is_some(), "{} was read", path.display());
    }
}

#[test]
fn ffmpeg_alone_hears_what_the_built_in_decoders_hear() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = tone(folder.path(), "a.flac", &["-c:a", "flac"]) else {
        return;
    };
    let digest = |choice| Decoder::open_with(&path, choice).unwrap().digest().unwrap();
    assert_eq!(digest(Choice::Builtin), digest(Choice::Ffmpeg));
    let stream = || Box::new(File::open(&path).unwrap());
    let streamed = Decoder::from_stream_with(stream(), "standard input", Choice::Ffmpeg).unwrap();
    assert_eq!(streamed.digest().unwrap(), digest(Choice::Builtin));
    // A stream is read again from its beginning where the built-in decoders refuse it.
    let Some(path) = tone(folder.path(), "a.wv", &["-c:a", "wavpack"]) else {
        return;
    };
    let stream = Decoder::from_stream(Box::new(File::open(&path).unwrap()), "standard input").unwrap();
    let (seconds, _, decoder) = heard(stream);
    assert!(
        (seconds - 3.0).abs() < 0.01 && decoder.starts_with("ffmpeg "),
        "{seconds} s by {decoder}"
    );
}

/// What is heard of changed bytes.
fn changed(path: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> (f64, String) {
    fs::write(path, change(fs::read(path).unwrap())).unwrap();
    let (seconds, notes, _) = file(path);
    (seconds, notes.join("; "))
}

#[test]
fn what_is_joined_and_not_heard_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        ("a.m4a", &["-c:a", "aac"][..]),
        ("a.aiff", &["-c:a", "pcm_s16be"]),
        ("a.wav", &["-c:a", "pcm_s16le"]),
        ("a.mka", &["-c:a", "flac"]),
    ] {
        let Some(path) = tone(folder.path(), name, arguments) else {
            continue;
        };
        let (seconds, said) = changed(&path, |bytes| bytes.repeat(2));
        assert!(
            (2.9..3.1).contains(&seconds) && said.contains("joined"),
            "{name}: {seconds} s; {said}"
        );
    }
    let Some(path) = tone(folder.path(), "b.wav", &["-c:a", "pcm_s16le", "-bitexact"]) else {
        return;
    };
    let (seconds, said) = changed(&path, |bytes| {
        let half = 44 + (bytes.len() - 44) / 4 * 2;
        let mut all = bytes[..half].to_vec();
        all[40..44].copy_from_slice(&((half - 44) as u32).to_le_bytes());
        all.extend(b"data");
        all.extend(((bytes.len() - half) as u32).to_le_bytes());
        all.extend(&bytes[half..]);
        all
    });
    assert!(
        (1.4..1.6).contains(&seconds) && said.contains("several parts"),
        "{seconds} s; {said}"
    );
}

#[test]
fn a_tag_that_lies_between_frames_takes_no_sound_away() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = tone(folder.path(), "a.mp3", &["-c:a", "libmp3lame", "-b:a", "128k"]) else {
        return;
    };
    let whole = file(&path).0;
    for tag in [
        &b"ID3\x04\0\0\x01\x01\x01\x01"[..],
        b"APETAGEX\xD0\x07\0\0\xFF\xFF\0\0\x01\0\0\0\0\0\0\xA0\0\0\0\0\0\0\0\0",
    ] {
        let middle = |bytes: Vec<u8>| {
            let at = bytes.len() / 2;
            let frame = at
                + bytes[at..]
                    .windows(3)
                    .position(|head| head == [0xFF, 0xFB, 0x90])
                    .unwrap();
            [&bytes[..frame], tag, &[0; 100], &bytes[frame..]].concat()
        };
        let (seconds, said) = changed(&path, middle);
        assert!((seconds - whole).abs() < 0.1, "{seconds} s of {whole}; {said}");
    }
}

#[test]
fn opus_is_as_loud_as_its_header_says() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = tone(folder.path(), "a.webm", &["-ar", "48000", "-c:a", "libopus"]) else {
        return;
    };
    let loud = |path: &Path| {
        let mut decoder = Decoder::open_with(path, Choice::Builtin).unwrap();
        let mut samples = Vec::new();
        while decoder.next(&mut samples).unwrap() {}
        samples
            .iter()
            .fold(0.0, |most: f32, sample| most.max(sample.abs()))
    };
    let before = loud(&path);
    // Half of the level, as 1/256 of a decibel.
    let gain = (-6.0206f32 * 256.0) as i16;
    changed(&path, |mut bytes| {
        let at = bytes.windows(8).position(|tag| tag == b"OpusHead").unwrap();
        bytes[at + 16..at + 18].copy_from_slice(&gain.to_le_bytes());
        bytes
    });
    assert!(
        (loud(&path) / before - 0.5).abs() < 0.01,
        "{} of {before}",
        loud(&path)
    );
}

#[test]
fn a_stream_of_nothing_takes_no_memory() {
    let nothing = std::io::repeat(0);
    assert!(Decoder::from_stream_with(Box::new(nothing), "standard input", Choice::Builtin).is_err());
}

/// A WAV of 16 bits with this header of its samples.
fn pcm(channels: u16, said: u32, data: &[u8]) -> Vec<u8> {
    let mut wav = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\x01\0".to_vec();
    wav.extend(channels.to_le_bytes());
    wav.extend(44_100u32.to_le_bytes());
    wav.extend((88_200 * u32::from(channels)).to_le_bytes());
    wav.extend((2 * channels).to_le_bytes());
    wav.extend(b"\x10\0data");
    wav.extend(said.to_le_bytes());
    wav.extend(data);
    wav
}

#[test]
fn a_loud_square_is_no_dts_and_gigabytes_that_are_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    // The words that a frame of DTS begins with, as samples.
    let square: Vec<u8> = [32_766i16, -32_767]
        .repeat(20_000)
        .into_iter()
        .flat_map(i16::to_le_bytes)
        .collect();
    fs::write(&path, pcm(1, square.len() as u32, &square)).unwrap();
    assert_eq!(file(&path).1, [""; 0]);
    fs::write(&path, pcm(2, 3_000_000_000, &square)).unwrap();
    let (seconds, notes, _) = file(&path);
    assert!(
        seconds < 1.0 && notes.join("; ").contains("its header says 17006.80 s"),
        "{notes:?}"
    );
}

#[test]
fn numbers_beyond_all_measure_are_no_panic() {
    for bytes in [
        &b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42\0\0\0\0\0\0\0\0mdat"[..],
        b"RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\0\0\0\0\0\
          fmt \x10\0\0\0\x01\0\x01\0\x44\xAC\0\0\x88\x58\x01\0\x02\0\x10\0data\xFF\xFF\xFF\xFFabcd",
    ] {
        let heard = Decoder::from_bytes(bytes, "a").map(|mut decoder| decoder.next(&mut Vec::new()));
        if let Err(error) = &heard {
            assert!(!error.to_string().contains("gave up"), "{error}");
        }
    }
}
