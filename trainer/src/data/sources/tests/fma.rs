//! The FMA tables with every column that `fma_metadata.zip` has, and a few tracks.

use std::fs;

use super::*;

/// Columns of `tracks.csv`: 52 in four groups.
const TRACKS: [(&str, &str); 4] = [
    (
        "album",
        "comments date_created date_released engineer favorites id information listens producer tags title tracks type",
    ),
    (
        "artist",
        "active_year_begin active_year_end associated_labels bio comments date_created favorites id latitude location \
         longitude members name related_projects tags website wikipedia_page",
    ),
    ("set", "split subset"),
    (
        "track",
        "bit_rate comments composer date_created date_recorded duration favorites genre_top genres genres_all information \
         interest language_code license listens lyricist number publisher tags title",
    ),
];

/// Columns of `echonest.csv` without the 224 temporal features, which are called `000` to `223`.
const ECHONEST: [(&str, &str); 4] = [
    (
        "audio_features",
        "acousticness danceability energy instrumentalness liveness speechiness tempo valence",
    ),
    (
        "metadata",
        "album_date album_name artist_latitude artist_location artist_longitude artist_name release",
    ),
    (
        "ranks",
        "artist_discovery_rank artist_familiarity_rank artist_hotttnesss_rank song_currency_rank song_hotttnesss_rank",
    ),
    (
        "social_features",
        "artist_discovery artist_familiarity artist_hotttnesss song_currency song_hotttnesss",
    ),
];

fn columns(groups: [(&'static str, &'static str); 4]) -> impl Iterator<Item = (&'static str, &'static str)> {
    let names =
        |(group, names): (&'static str, &'static str)| names.split(' ').map(move |name| (group, name));
    groups.into_iter().flat_map(names)
}

fn line(first: &str, cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<_> = cells.into_iter().collect();
    format!("{first},{}\n", cells.join(","))
}

fn tracks_header() -> String {
    let columns = || columns(TRACKS);
    assert_eq!(columns().count(), 52);
    line("", columns().map(|(group, _)| group.into()))
        + &line("", columns().map(|(_, name)| name.into()))
        + &line("track_id", columns().map(|_| String::new()))
}

/// A line of `tracks.csv`; some texts run over lines and hold commas and quotes, as there.
fn track(id: u32, artist: &str, split: &str, duration: u32) -> String {
    let cell = |column| match column {
        ("artist", "name") => format!("\"{artist}\""),
        ("artist", "bio") => "\"<p>A Way Of Life, A \"\"Collective\"\"\nof Hip-Hop</p>\"".into(),
        ("album" | "artist" | "track", "tags") => "\"['a', 'b']\"".into(),
        ("set", "split") => split.into(),
        ("set", "subset") => "large".into(),
        ("track", "duration") => duration.to_string(),
        _ => String::new(),
    };
    line(&id.to_string(), columns(TRACKS).map(cell))
}

fn echonest_header() -> String {
    let temporal = (0..224).map(|i| ("temporal_features".to_owned(), format!("{i:03}")));
    let columns: Vec<_> = columns(ECHONEST)
        .map(|(group, name)| (group.to_owned(), name.to_owned()))
        .chain(temporal)
        .collect();
    assert_eq!(columns.len(), 249);
    line("", columns.iter().map(|_| "echonest".into()))
        + &line("", columns.iter().map(|(group, _)| group.clone()))
        + &line("", columns.iter().map(|(_, name)| name.clone()))
        + &line("track_id", columns.iter().map(|_| String::new()))
}

/// A line of `echonest.csv` with its eight audio features; `-` stands for an empty cell.
fn echonest(id: &str, features: &str) -> String {
    let others = ",,32.6783000000,\"Georgia, US\",-83.2229800000,AWOL,Life,,,,,";
    let temporal = ",0.0386100000".repeat(249 - 8 - 12);
    format!(
        "{id},{},{others}{temporal}\n",
        features.replace('-', "").replace(' ', ",")
    )
}

/// The audio features of track 2 as published.
const FOOD: &str = "0.4166752327 0.6758939853 0.6344762684 0.0106280683 0.1776465712 0.1593100648 165.9220000000 0.5766609880";

/// `FOOD` with another energy.
fn food(energy: &str) -> String {
    FOOD.replace("0.6344762684", energy)
}

/// The folder with both tables and empty files under the names of the audio.
fn folder(tracks: &str, echonest: &str, audio: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let metadata = folder.path().join("fma_metadata");
    fs::create_dir(&metadata).unwrap();
    fs::write(metadata.join("tracks.csv"), tracks).unwrap();
    fs::write(metadata.join("echonest.csv"), echonest).unwrap();
    for name in audio {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    folder
}

fn reasons(listing: &Listing) -> Vec<String> {
    let rejected = listing.rejected.iter();
    rejected
        .map(|clip| format!("{}: {}", clip.clip, clip.reason))
        .collect()
}

#[test]
fn reads_the_published_layout() {
    let tracks = tracks_header()
        + &track(2, "AWOL", "training", 168)
        + &track(5, "Tyler, The \"\"X\"\"", "validation", 206)
        + &track(140, "awol", "test", 20)
        + &track(155_320, "", "training", 283);
    let echonest_rows = echonest_header()
        + &echonest("2", FOOD)
        + &echonest("5", &food("-"))
        + &echonest("140", FOOD)
        + &echonest("155320", FOOD);
    let audio = [
        "fma_large/000/000002.mp3",
        "fma_full/000/000002.mp3",
        "fma_full/000/000005.mp3",
        "fma_full/000/000140.mp3",
        "fma_small/155/155320.mp3",
    ];
    let folder = folder(&tracks, &echonest_rows, &audio);
    let listing = Fma::open(folder.path()).unwrap().list().unwrap();
    assert_eq!(listing.rejected, []);
    let [first, second, short, last] = &listing.rows[..] else {
        panic!("{listing:?}");
    };
    assert!(first.path.ends_with("fma_large/000/000002.mp3"));
    assert_eq!((first.start, first.split), (0.0, Some(Split::Training)));
    assert_eq!(
        (first.group.as_str(), first.measure_loudness),
        ("artist awol", true)
    );
    let expected = PerFeature::from_fn(|feature| match feature {
        Feature::Acousticness => Some(0.416_675_23),
        Feature::Danceability => Some(0.675_893_96),
        Feature::Energy => Some(0.634_476_27),
        Feature::Instrumentalness => Some(0.010_628_068),
        Feature::Liveness => Some(0.177_646_57),
        Feature::Speechiness => Some(0.159_310_06),
        Feature::Valence => Some(0.576_661),
        Feature::Loudness => None,
    });
    assert_eq!(first.labels, expected);
    // Whole tracks start where the 30 s clips were cut: half the length, rounded down, less 15 s.
    assert_eq!((second.start, second.split), (88.0, Some(Split::Validation)));
    assert_eq!(second.group, "artist tyler, the \"x\"");
    assert_eq!(second.labels[Feature::Energy], None);
    assert_eq!((short.start, short.split), (0.0, Some(Split::Test)));
    assert_eq!(short.group, first.group);
    assert!(last.path.ends_with("fma_small/155/155320.mp3") && !last.has_artist);
}

#[test]
fn odd_rows_are_left_out_with_the_reason() {
    let tracks = tracks_header() + &track(2, "A", "training", 168) + &track(3, "A", "", 168);
    let echonest_rows = echonest_header()
        + &echonest("3", &food("1.5"))
        + &echonest("7", FOOD)
        + &echonest("x", FOOD)
        + "2,0.5\n"
        + &echonest("2", &food("nan"))
        + &echonest("2", FOOD);
    let audio = ["fma_medium/000/000002.mp3", "fma_medium/000/000003.mp3"];
    let folder_with = folder(&tracks, &echonest_rows.replace('\n', "\r\n"), &audio);
    let listing = Fma::open(folder_with.path()).unwrap().list().unwrap();
    assert_eq!(listing.rows.len(), 1);
    assert_eq!(listing.rows[0].labels[Feature::Energy], None);
    assert_eq!(
        reasons(&listing),
        [
            "3: row 5: energy is `1.5`, but must be empty or a number from 0 to 1",
            "7: tracks.csv does not list it",
            "x: row 7: that is no track id",
            "2: row 8 has 2 cells, but must have 250",
            "2: listed before; its first row counts",
        ]
    );
    let without = folder(
        &tracks,
        &(echonest_header() + &echonest("2", FOOD)),
        &["fma_small/000/000009.mp3"],
    );
    let listing = Fma::open(without.path()).unwrap().list().unwrap();
    assert_eq!(
        reasons(&listing),
        ["2: no file 000002.mp3 in fma_large, fma_full, fma_medium, fma_small"]
    );
}

#[test]
fn other_tables_are_refused() {
    let audio = ["fma_small/000/000002.mp3"];
    let tracks = tracks_header() + &track(2, "A", "training", 168);
    let error = |tracks: &str, echonest: &str| {
        let folder = folder(tracks, echonest, &audio);
        Fma::open(folder.path()).unwrap().list().unwrap_err().to_string()
    };
    let renamed = echonest_header().replace(",valence", ",mood");
    let cases = [
        (
            error(&tracks, &renamed),
            "no column `echonest/audio_features/valence`; found //, echonest/",
        ),
        (error(&tracks, "track_id,energy\n2,0.5\n"), "no column `track_id`"),
        (error(&tracks, ""), "echonest.csv: no column `track_id`"),
        (
            error("track_id,album\n", &echonest_header()),
            "tracks.csv: no column `track_id`",
        ),
        (
            error(&tracks.replace("training", "held out"), &echonest_header()),
            "row 4: set/split is `held out`, but must be",
        ),
    ];
    for (error, words) in cases {
        assert!(error.contains(words), "no `{words}` in: {error}");
    }
}

#[test]
fn missing_parts_are_named() {
    let whole = folder("", "", &["fma_small/x"]);
    let error = || Fma::open(whole.path()).unwrap_err().to_string();
    fs::remove_dir_all(whole.path().join("fma_small")).unwrap();
    assert!(error().contains("none of fma_large, fma_full"), "{}", error());
    fs::remove_file(whole.path().join("fma_metadata/tracks.csv")).unwrap();
    assert!(
        error().contains("tracks.csv: there is no such file; unpack"),
        "{}",
        error()
    );
    let text = Fma::open(&whole.path().join("no")).unwrap_err().to_string();
    assert!(text.ends_with("no: there is no such folder"), "{text}");
}
