//! The report as a whole, on folders of made-up runs.

use std::fs;
use std::path::Path;

use super::fixture::{Fixture, Kind};
use super::{ReportOptions, write};

fn report(fixture: &Fixture) -> [String; 4] {
    let out = fixture.path().to_path_buf();
    write(&ReportOptions { out, to: None }).unwrap();
    ["index.html", "report.md", "tables.csv", "report.json"]
        .map(|name| fs::read_to_string(fixture.path().join("report").join(name)).unwrap())
}

fn assert_clean(texts: &[String]) {
    assert!(
        texts[..2].iter().all(|text| !text.contains("<not music>")),
        "text from files is escaped"
    );
    for text in texts {
        for word in ["NaN", "inf,", "Infinity"] {
            let at = text
                .find(word)
                .map(|at| &text[at.saturating_sub(80)..(at + 20).min(text.len())]);
            // Reasons of failed runs may name it.
            assert!(at.is_none_or(|at| at.contains("loss is NaN")), "{word}: {at:?}");
        }
    }
}

#[test]
fn a_whole_grid_fills_every_table_and_figure() {
    let fixture = Fixture::new(Kind::Full, 60);
    let texts = report(&fixture);
    assert_clean(&texts);
    let [html, markdown, tables, json] = &texts;
    for part in [
        "Table 5.1,",
        "Table 5.8,",
        "Table 5.9,",
        "RQ1",
        "RQ2",
        "RQ3",
        "101 of 101",
    ] {
        assert!(html.contains(part), "{part}");
    }
    for outside in ["<script", "<link", "src=", "http://", "https://", "url(http"] {
        assert!(!html.contains(outside), "{outside}");
    }
    // The thesis's 104 + 8 lines; ours: 96 + 8 chosen tested, 8 + 8 of pairs and 8 + 8 of heads.
    assert!(
        tables.lines().count() > 112 + 96 + 32,
        "{}",
        tables.lines().count()
    );
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["rq1"]["features"].as_array().unwrap().len(), 8);
    assert_eq!(json["correlations"].as_array().unwrap().len(), 28);
    let plots = fs::read_dir(fixture.path().join("report/plots")).unwrap().count();
    assert_eq!(markdown.matches("](plots/").count(), plots);
    // Eight each of dots, curves, training and distributions; scatter, two heat maps; RQ1, five of RQ2, RQ3.
    assert!(plots >= 8 * 4 + 3 + 7, "{plots}");
    for name in markdown
        .split("](plots/")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        assert!(fixture.path().join("report/plots").join(name).is_file(), "{name}");
    }
}

#[test]
fn the_same_runs_give_the_same_report() {
    let fixture = Fixture::new(Kind::Full, 40);
    assert_eq!(report(&fixture), report(&fixture));
}

#[test]
fn missing_failed_and_unfinished_runs_are_listed() {
    let fixture = Fixture::new(Kind::Half, 40);
    let texts = report(&fixture);
    assert_clean(&texts);
    assert!(texts[0].contains("danceability: missing are LeNet-5 · SGD · 0.001"));
    assert!(texts[0].contains("The ResNet-34 trunk with eight heads is missing"));
    let fixture = Fixture::new(Kind::Failing, 40);
    let texts = report(&fixture);
    assert_clean(&texts);
    assert!(texts[0].contains("energy-crnn-sgd-1e-3 failed after 2\u{202f}560 samples: loss is NaN"));
    assert!(texts[0].contains("danceability+valence-mtl-cnn-adam-1e-3 is unfinished"));
    assert!(texts[2].contains(",ours,failed,"));
    let run = fixture.path().join("runs/danceability+valence-mtl-cnn-adam-1e-3");
    fs::write(run.join("curve.csv"), "samples,split,feature,mse\n").unwrap();
    assert!(
        report(&fixture)[0].contains("danceability+valence-mtl-cnn-adam-1e-3 is unfinished; no point yet")
    );
}

#[test]
fn runs_of_other_data_are_listed_with_the_reason() {
    let fixture = Fixture::new(Kind::Full, 40);
    let path = fixture.path().join("data.json");
    let data = fs::read_to_string(&path).unwrap();
    let run = fixture.path().join("runs/energy-crnn-adam-1e-3/config.json");
    let config = fs::read_to_string(&run).unwrap();
    fs::write(&run, config.replace(r#""data":"made-up""#, r#""data":"before""#)).unwrap();
    let texts = report(&fixture);
    assert_clean(&texts);
    assert!(texts[0].contains("100 of 101"));
    assert!(texts[0].contains("(finished); learned from other clips"));
    fs::write(&path, data.replace("made-up\"", "after\"")).unwrap();
    let texts = report(&fixture);
    assert_clean(&texts);
    assert!(texts[0].contains("0 of 101"), "no run learned from this data");
}

#[test]
fn tiny_data_one_run_and_none_make_a_report() {
    for (kind, clips, word) in [
        (Kind::Full, 2, "not enough data"),
        (Kind::Full, 1, "not enough data"),
        (Kind::One, 30, "1 of 101"),
        (Kind::NoRuns, 30, "No runs yet"),
    ] {
        let texts = report(&Fixture::new(kind, clips));
        assert_clean(&texts);
        assert!(
            texts[0].contains(word) && texts[1].contains(word),
            "{kind:?} {clips}"
        );
    }
}

#[test]
fn why_nothing_is_told_is_said() {
    let fixture = Fixture::new(Kind::One, 40);
    let row = |texts: &[String; 4], name: &str| {
        let rows = texts[1].split("Test errors of the chosen").nth(1).unwrap();
        let row = rows.lines().find(|line| line.starts_with(&format!("| {name} |")));
        row.unwrap().to_owned()
    };
    let texts = report(&fixture);
    assert!(
        row(&texts, "energy").contains("| not run | not run |"),
        "{}",
        row(&texts, "energy")
    );
    let few = report(&Fixture::new(Kind::Full, 12));
    let energy = row(&few, "energy");
    assert!(
        energy.contains("| only ") && energy.contains(" artists |"),
        "{energy}"
    );
    assert!(!energy.contains("**"), "what is not decided stands out: {energy}");
    let path = fixture.path().join("clips.csv");
    let clips = fs::read_to_string(&path).unwrap();
    fs::write(&path, clips.replacen("energy", "tempo", 1)).unwrap();
    let texts = report(&fixture);
    assert!(
        row(&texts, "energy").contains("| no labels | no labels |"),
        "{}",
        row(&texts, "energy")
    );
}

#[test]
fn an_empty_folder_says_what_to_do_and_none_is_an_error() {
    let out = tempfile::tempdir().unwrap();
    let out = out.path().to_path_buf();
    let to = Some(out.join("elsewhere"));
    write(&ReportOptions { out: out.clone(), to }).unwrap();
    let html = fs::read_to_string(out.join("elsewhere/index.html")).unwrap();
    assert!(html.contains("Train into it first"));
    let error = write(&ReportOptions {
        out: out.join("nowhere"),
        to: None,
    })
    .unwrap_err();
    assert!(error.to_string().contains("is not a folder"), "{error}");
}

#[test]
fn files_with_missing_columns_and_broken_lines_cost_only_themselves() {
    let fixture = Fixture::new(Kind::Full, 40);
    let run = fixture.path().join("runs/energy-crnn-adam-1e-3");
    fs::write(run.join("predictions.csv"), "clip,split\n0,test\n").unwrap();
    fs::write(run.join("metrics.json"), "{").unwrap();
    fs::write(
        fixture.path().join("clips.csv"),
        "clip,split,energy\na,training,0.5\n",
    )
    .unwrap();
    let texts = report(&fixture);
    assert_clean(&texts);
    assert!(
        texts[0].contains("predictions.csv, line 2"),
        "named with its line"
    );
    assert!(texts[0].contains("energy-crnn-adam-1e-3 is unfinished"));
    assert!(texts[0].contains("100 of 101"));
}

/// Writes reports to look at: `ECHOMETER_LOOK=DIR cargo test -p trainer -- --ignored look`.
#[test]
#[ignore = "for eyes"]
fn look() {
    let folder = std::env::var("ECHOMETER_LOOK").unwrap();
    for (name, kind, clips) in [
        ("full", Kind::Full, 700),
        ("small", Kind::Failing, 45),
        ("half", Kind::Half, 120),
        ("tiny", Kind::Full, 3),
        ("one", Kind::One, 40),
        ("none", Kind::NoRuns, 40),
    ] {
        let out = Path::new(&folder).join(name);
        super::fixture::write(&out, kind, clips);
        write(&ReportOptions { out, to: None }).unwrap();
    }
}
