//! Feature tables with the headers of Spotify's API, Exportify and the usual Kaggle tables.

use std::fs;

use super::*;

const A: &str = "4uLU6hMCjMI75M1A2tKUQC";
const B: &str = "7ouMYWpwJ422jRcDASZB7P";
const C: &str = "5SuOikwiRyPMVoIQDJUgSV";

fn list_with(table: &[u8], audio: &[String]) -> Result<Listing, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("features.csv");
    fs::write(&path, table).unwrap();
    let songs = folder.path().join("songs");
    fs::create_dir(&songs).unwrap();
    for name in audio {
        fs::write(songs.join(name), "").unwrap();
    }
    Spotify::open(&path, &songs).unwrap().list()
}

/// Lists a table beside MP3 files of A, B and C.
fn list(table: &str) -> Result<Listing, SourceError> {
    list_with(table.as_bytes(), &[A, B, C].map(|id| format!("{id}.mp3")))
}

fn reasons(listing: &Listing) -> Vec<String> {
    let rejected = listing.rejected.iter();
    rejected
        .map(|clip| format!("{}: {}", clip.clip, clip.reason))
        .collect()
}

fn groups(listing: &Listing) -> Vec<&str> {
    listing.rows.iter().map(|row| row.group.as_str()).collect()
}

#[test]
fn the_columns_of_spotifys_api() {
    let table = format!(
        "danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,type,id,uri,\
         track_href,analysis_url,duration_ms,time_signature\n\
         0.696,0.905,2,-2.743,1,0.103,0.011,0.000905,0.302,0.625,114.944,audio_features,{A},spotify:track:{A},\
         https://api.spotify.com/v1/tracks/{A},https://api.spotify.com/v1/audio-analysis/{A},207960,4\n"
    );
    let listing = list(&table).unwrap();
    assert_eq!(listing.rejected, []);
    let row = &listing.rows[0];
    assert!(row.path.ends_with(format!("songs/{A}.mp3")));
    let expected = PerFeature::from_fn(|feature| {
        Some(match feature {
            Feature::Danceability => 0.696,
            Feature::Energy => 0.905,
            Feature::Speechiness => 0.103,
            Feature::Acousticness => 0.011,
            Feature::Instrumentalness => 0.000_905,
            Feature::Liveness => 0.302,
            Feature::Valence => 0.625,
            Feature::Loudness => -2.743,
        })
    });
    assert_eq!(row.labels, expected);
    assert!(!row.has_artist && !row.measure_loudness && row.split.is_none());
}

#[test]
fn the_columns_of_exportify() {
    // Its newer form, with a byte order mark and Windows line ends; the second track could not be analysed.
    let table = format!(
        "\u{FEFF}Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity,Explicit,Added By,\
         Added At,Genres,Record Label,Danceability,Energy,Key,Loudness,Mode,Speechiness,Acousticness,Instrumentalness,\
         Liveness,Valence,Tempo,Time Signature\r\n\
         spotify:track:{A},\"Say \"\"Hello\"\"\",\"One, Two\",\"Queen, David Bowie\",1981,248440,80,false,u,\
         2026-01-01T00:00:00Z,\"rock,glam\",EMI,0.67,0.38,2,-11.2,1,0.04,0.43,0,0.11,0.71,110.0,4\r\n\
         spotify:track:{B},Noise,Noise,Queen;Guest,2020,1000,1,true,u,2026-01-01T00:00:00Z,,,,,,,,,,,,,,\r\n\
         spotify:local:Me:Mine:Song:12,Song,Mine,Me,,12000,0,false,u,2026-01-01T00:00:00Z,,,,,,,,,,,,,,\r\n"
    );
    let listing = list(&table).unwrap();
    assert_eq!(groups(&listing), ["artist queen", "artist queen"]);
    assert_eq!(listing.rows[0].labels[Feature::Loudness], Some(-11.2));
    assert_eq!(listing.rows[0].labels[Feature::Valence], Some(0.71));
    assert_eq!(listing.rows[1].labels, PerFeature::default());
    assert_eq!(
        reasons(&listing),
        [
            "spotify:local:Me:Mine:Song:12: row 4: that is no Spotify track id, which has 22 letters and digits"
        ]
    );
    // Its other forms: every cell quoted, commas in names escaped; and the first one.
    let quoted = format!(
        "\"Track URI\",\"Track Name\",\"Artist URI(s)\",\"Artist Name(s)\",\"Energy\"\n\
         \"spotify:track:{A}\",\"Crying\",\"spotify:artist:4TX\",\"Tyler\\, The Creator, Six by Seven\",\"0.5\"\n"
    );
    assert_eq!(groups(&list(&quoted).unwrap()), ["artist tyler"]);
    let first =
        format!("Spotify ID,Artist IDs,Track Name,Artist Name(s),Energy\n{A},4TX,Crying,Six by Seven,0.5\n");
    assert_eq!(groups(&list(&first).unwrap()), ["artist six by seven"]);
    let link =
        format!("Track ID,Artist Name(s),Energy\nhttps://open.spotify.com/intl-de/track/{A}?si=1,X,0.5\n");
    assert_eq!(groups(&list(&link).unwrap()), ["artist x"]);
}

#[test]
fn the_columns_of_kaggle_tables() {
    let features = "danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo";
    let values = "0.47,0.978,7,-5.399,1,0.0727,0.0261,1.09e-05,0.356,0.503,117.906";
    let genres = format!(
        ",track_id,artists,album_name,track_name,popularity,duration_ms,explicit,{features},time_signature,track_genre\n\
         0,{A},Ingrid Michaelson;ZAYN,\"To Begin, Again\",To Begin Again,57,210826,False,{values},4,acoustic\n\
         1,{B},Ingrid Michaelson,Comedy,Comedy,73,230666,False,{values},4,acoustic\n\
         2,{A},Ingrid Michaelson;ZAYN,\"To Begin, Again\",To Begin Again,57,210826,False,{values},4,pop\n"
    );
    let listing = list(&genres).unwrap();
    assert_eq!(groups(&listing), ["artist ingrid michaelson"; 2]);
    assert_eq!(listing.rows[0].labels[Feature::Instrumentalness], Some(1.09e-5));
    assert_eq!(
        reasons(&listing),
        [format!("{A}: listed before; its first row counts")]
    );

    let million = format!(
        "id,name,album,album_id,artists,artist_ids,track_number,disc_number,explicit,{features},duration_ms,time_signature,\
         year,release_date\n\
         {A},Testify,Battle,2eia,\"['Tyler, The Creator', 'X']\",['2d0h'],1,1,False,{values},210133,4.0,1999,1999-11-02\n\
         {B},Guerrilla,Battle,2eia,\"[\"\"Destiny's Child\"\"]\",['2d0h'],2,1,True,{values},206200,4.0,1999,1999-11-02\n\
         {C},Calm,Battle,2eia,\"['Bob \\\"\"B\\\"\" O\\'Neil']\",['2d0h'],3,1,False,{values},298893,4.0,1999,1999-11-02\n"
    );
    assert_eq!(
        groups(&list(&million).unwrap()),
        [
            "artist tyler, the creator",
            "artist destiny's child",
            "artist bob \"b\" o'neil"
        ]
    );

    let playlists = format!("track_id,track_name,track_artist,{features}\n{A},Song,Ed Sheeran,{values}\n");
    assert_eq!(groups(&list(&playlists).unwrap()), ["artist ed sheeran"]);
}

#[test]
fn odd_rows_are_left_out_with_the_reason() {
    let text = format!(
        "id,energy,loudness\n{A},1.5,-9\n{A},0.5,-9\n{B},NaN,3.2\n../../{C},0.5,-9\n{C},0.5\n\n,0.5,-9\n"
    );
    let listing = list(&text).unwrap();
    assert_eq!(listing.rows.len(), 1);
    assert_eq!(listing.rows[0].labels[Feature::Energy], None);
    assert_eq!(listing.rows[0].labels[Feature::Loudness], Some(0.0));
    let no_id = "that is no Spotify track id, which has 22 letters and digits";
    assert_eq!(
        reasons(&listing),
        [
            format!("{A}: row 2: energy is `1.5`, but must be empty or a number from 0 to 1"),
            format!("{A}: listed before; its first row counts"),
            format!("../../{C}: row 5: {no_id}"),
            format!("{C}: row 6 has 2 cells, but must have 3"),
            format!(": row 7: {no_id}"),
        ]
    );
}

#[test]
fn audio_is_found_by_id_and_extension() {
    let audio = [
        format!("{A}.wav"),
        format!("{A}.FLAC"),
        format!("{B}.txt"),
        "cover.mp3".to_owned(),
    ];
    let table = format!("id,energy\n{A},0.5\n{B},0.5\n");
    let listing = list_with(table.as_bytes(), &audio).unwrap();
    assert!(listing.rows[0].path.ends_with(format!("{A}.FLAC")));
    assert_eq!(reasons(&listing), [format!("{B}: no audio file")]);
}

#[test]
fn other_tables_are_refused() {
    for (table, words) in [
        (
            "name,energy\nx,0.5\n",
            "no column `id`; found name, energy. Known are id, Track ID",
        ),
        (
            "id,tempo\nx,100\n",
            "no column `danceability … loudness`; found id, tempo",
        ),
        ("id;energy\nx;0.5\n", "no column `id`; found id;energy"),
        ("", "features.csv: no column `id`"),
    ] {
        let error = list(table).unwrap_err().to_string();
        assert!(error.contains(words), "no `{words}` in: {error}");
    }
}

#[test]
fn bytes_that_are_no_utf8_cost_nothing() {
    let table = [
        format!("id,artists,energy\n{A},Bj").as_bytes(),
        b"\xF6rk",
        b",0.5\n",
    ]
    .concat();
    let listing = list_with(&table, &[format!("{A}.mp3")]).unwrap();
    assert_eq!(groups(&listing), ["artist bj\u{FFFD}rk"]);
}
