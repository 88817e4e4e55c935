//! The metrics table as text, CSV and JSON.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;
use echometer_engine::{Feature, PerFeature};
use serde::Serialize;

use crate::report::statistics::bootstrap::{Interval, RESAMPLES, means};
use crate::runs::{write_csv, write_json};
use crate::training::metrics::{Scored, is_inside_80, mean_and_variance};

/// How the table is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Text,
    Csv,
    Json,
}

/// Errors of one feature. Empty where no clip has a label and a value.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    feature: Feature,
    clips: usize,
    mae: Option<f64>,
    mse: Option<f64>,
    /// Bootstrap 95 % interval of the MSE over clips.
    mse_low: Option<f64>,
    mse_high: Option<f64>,
    r2: Option<f64>,
    /// Variance of the labels: the MSE of always saying their mean.
    variance: Option<f64>,
    /// Share of truths inside the model's 80 % band.
    band80: Option<f64>,
}

/// One line for each of `features`.
pub(super) fn lines(features: &[Feature], scored: &PerFeature<Vec<Scored>>) -> Vec<Line> {
    features
        .iter()
        .map(|&feature| line(feature, &scored[feature]))
        .collect()
}

fn line(feature: Feature, scored: &[Scored]) -> Line {
    let squares: Vec<_> = scored.iter().map(|s| (s.mean - s.truth).powi(2)).collect();
    let average = |value: &dyn Fn(&Scored) -> f64| {
        (!scored.is_empty()).then(|| scored.iter().map(value).sum::<f64>() / scored.len() as f64)
    };
    let mse = average(&|s| (s.mean - s.truth).powi(2));
    let truths: Vec<_> = scored.iter().map(|s| s.truth).collect();
    let variance = Some(mean_and_variance(&truths).1).filter(|_| !scored.is_empty());
    // What is measured has no uncertainty to be judged.
    let uncertain = scored.iter().any(|s| s.sd > 0.0);
    let drawn = means(&[squares], RESAMPLES, 1);
    let interval = drawn.first().filter(|_| scored.len() > 1); // One clip has none.
    let interval = interval.and_then(|means| Interval::of(means));
    Line {
        feature,
        clips: scored.len(),
        mae: average(&|s| (s.mean - s.truth).abs()),
        mse,
        mse_low: interval.map(|interval| interval.low),
        mse_high: interval.map(|interval| interval.high),
        r2: mse
            .zip(variance)
            .filter(|(_, variance)| *variance > 0.0)
            .map(|(mse, variance)| 1.0 - mse / variance),
        variance,
        band80: average(&|s| if is_inside_80(s, 1.0) { 1.0 } else { 0.0 }).filter(|_| uncertain),
    }
}

/// The table as it is printed.
pub(super) fn show(lines: &[Line], format: Format) -> anyhow::Result<String> {
    Ok(match format {
        Format::Text => text(lines),
        Format::Json => serde_json::to_string_pretty(lines)? + "\n",
        Format::Csv => {
            let mut table = csv::Writer::from_writer(Vec::new());
            for line in lines {
                table.serialize(line)?;
            }
            String::from_utf8(table.into_inner()?)?
        }
    })
}

fn text(lines: &[Line]) -> String {
    let mut text = String::from(
        "| feature          | clips |    MAE |    MSE |       95 % interval |     R² | variance | in 80 % band |\n\
         |------------------|------:|-------:|-------:|--------------------:|-------:|---------:|-------------:|\n",
    );
    let number =
        |value: Option<f64>, digits: usize| value.map_or("–".to_owned(), |v| format!("{v:.digits$}"));
    for line in lines {
        let digits = if line.feature == Feature::Loudness { 2 } else { 4 };
        let interval = match (line.mse_low, line.mse_high) {
            (Some(low), Some(high)) => format!("{low:.digits$} … {high:.digits$}"),
            _ => "–".into(),
        };
        let band = line
            .band80
            .map_or("–".to_owned(), |band| format!("{:.0} %", 100.0 * band));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {:<16} | {:>5} | {:>6} | {:>6} | {interval:>19} | {:>6} | {:>8} | {band:>12} |",
            line.feature,
            line.clips,
            number(line.mae, digits),
            number(line.mse, digits),
            number(line.r2, 3),
            number(line.variance, digits),
        );
    }
    text
}

/// One prediction.
#[derive(Serialize)]
struct Row<'a> {
    clip: &'a str,
    feature: Feature,
    truth: String,
    prediction: String,
    sd: String,
}

/// As training writes its held-out predictions.
fn five(value: f64) -> String {
    format!("{value:.5}")
}

/// Writes the table in every format, and the predictions.
pub(super) fn write(
    folder: &Path,
    lines: &[Line],
    clips: &[String],
    features: &[Feature],
    scored: &PerFeature<Vec<Scored>>,
) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join("metrics.txt");
    fs::write(&path, text(lines)).with_context(|| format!("cannot write {}", path.display()))?;
    write_csv(&folder.join("metrics.csv"), lines)?;
    write_json(&folder.join("metrics.json"), &lines)?;
    let rows = features
        .iter()
        .flat_map(|&feature| scored[feature].iter().map(move |s| (feature, s)));
    let rows: Vec<_> = rows
        .map(|(feature, s)| Row {
            clip: clips.get(s.fold).map_or("", String::as_str),
            feature,
            truth: five(s.truth),
            prediction: five(s.mean),
            sd: five(s.sd),
        })
        .collect();
    write_csv(&folder.join("predictions.csv"), &rows)
}
