//! Readings as text for other programs: rows of a table, and values to paste.

use echometer_engine::{Feature, PerFeature, Reading};

use crate::text::{decimal, signed};
use crate::{Level, ORDER, Reference, Session, difference, label, number};

/// A feature's value as it is told; JSON has no NaN and no infinity.
pub fn told(values: &PerFeature<Option<f32>>, feature: Feature) -> Option<f64> {
    let digits = if feature == Feature::Loudness { 2 } else { 4 };
    values[feature]
        .filter(|value| value.is_finite())
        .map(|value| round(f64::from(value), digits))
}

/// Rounded to `digits` decimals, which prints as short as it is; never `-0`.
pub fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale + 0.0
}

/// The columns of a table of readings that do not depend on where they come from: deviations with `sd_` before.
pub fn columns() -> impl Iterator<Item = String> {
    let names = || Feature::ALL.into_iter().map(Feature::name);
    let plain = ["time", "coverage"].into_iter().chain(names()).map(str::to_owned);
    plain.chain(names().map(|name| format!("sd_{name}")))
}

/// A reading under [`columns`], nothing where there is no value.
pub fn cells(reading: &Reading) -> impl Iterator<Item = String> {
    let features = |values: PerFeature<Option<f32>>| {
        let cell = move |feature| told(&values, feature).map(|value| value.to_string());
        Feature::ALL
            .into_iter()
            .map(move |feature| cell(feature).unwrap_or_default())
    };
    [round(reading.time, 3), round(f64::from(reading.coverage), 4)]
        .into_iter()
        .map(|value| value.to_string())
        .chain(features(reading.values))
        .chain(features(reading.sd))
}

/// A session as CSV: the analyzer's columns as far as they mean something here, then the levels.
pub fn csv(session: &Session, model: &str, backend: &str) -> String {
    let rest = ["model", "backend", "dropped", "replaced", "silent"].map(str::to_owned);
    let levels = || Level::ALL.into_iter();
    let header = columns()
        .chain(rest)
        .chain(levels().map(|level| level.column().to_owned()));
    let mut text = row(header);
    for reading in session.readings() {
        let rest = [
            model.to_owned(),
            backend.to_owned(),
            reading.dropped.to_string(),
            reading.replaced.to_string(),
            reading.silent.to_string(),
        ];
        let level = |level: Level| {
            let value = level
                .now(&reading.levels)
                .map(|value| round(f64::from(value), 2).to_string());
            value.unwrap_or_default()
        };
        text += &row(cells(reading).chain(rest).chain(levels().map(level)));
    }
    text
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let quoted = |cell: String| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    };
    cells.map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// What meters and levels say now, to paste into a note or a spreadsheet: a line each, columns apart by tabs.
pub fn values(reading: Option<&Reading>, reference: Option<&Reference>) -> String {
    let mut text = "Echometer\tvalue\t±".to_owned();
    if let Some(reference) = reference {
        let name: String = reference
            .name
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        text += &format!("\t{name}\tdifference");
    }
    let mut line = |name: &str, value: String, sd: String, compared: [String; 2]| {
        text += &format!("\n{name}\t{value}\t{sd}");
        if reference.is_some() {
            text += &format!("\t{}", compared.join("\t"));
        }
    };
    let heard = reading.filter(|reading| !reading.silent);
    for feature in ORDER {
        let value = heard
            .and_then(|reading| reading.values[feature])
            .filter(|value| value.is_finite());
        let plain = |value: Option<f32>| {
            value
                .map(|value| number(feature, Some(value)))
                .unwrap_or_default()
        };
        let sd = heard
            .and_then(|reading| reading.sd[feature])
            .filter(|sd| *sd > 0.0);
        let theirs = reference.and_then(|reference| reference.values[feature]);
        let apart = difference(value, theirs).map(|apart| signed(feature, apart));
        let unit = if feature == Feature::Loudness {
            " (LUFS)"
        } else {
            ""
        };
        let compared = [plain(theirs), apart.unwrap_or_default()];
        line(
            &format!("{}{unit}", label(feature)),
            plain(value),
            plain(sd),
            compared,
        );
    }
    let levels = reading.map(|reading| reading.levels).unwrap_or_default();
    let plain = |value: Option<f32>| value.map(decimal).unwrap_or_default();
    for level in Level::ALL {
        let theirs = reference.and_then(|reference| level.overall(&reference.levels));
        let overall = level.overall(&levels);
        let apart = difference(overall, theirs).map(|apart| format!("{:+.1}", tenths(apart)));
        let compared = [plain(theirs), apart.unwrap_or_default()];
        let (name, unit) = (level.label(), level.unit());
        if level.has_largest() {
            line(
                &format!("{name} ({unit})"),
                plain(level.now(&levels)),
                String::new(),
                Default::default(),
            );
            line(
                &format!("{name}, largest ({unit})"),
                plain(overall),
                String::new(),
                compared,
            );
        } else {
            line(
                &format!("{name} ({unit})"),
                plain(overall),
                String::new(),
                compared,
            );
        }
    }
    let heard = reading
        .map(|reading| format!("{:.1}", reading.time))
        .unwrap_or_default();
    line("Heard (s)", heard, String::new(), Default::default());
    text + "\n"
}

fn tenths(value: f32) -> f32 {
    (value * 10.0).round() / 10.0 + 0.0
}

#[cfg(test)]
mod tests {
    use echometer_engine::Levels;

    use super::*;

    fn reading() -> Reading {
        let mut values = PerFeature::default();
        values[Feature::Energy] = Some(0.634);
        values[Feature::Loudness] = Some(-9.84);
        let mut sd = PerFeature::default();
        sd[Feature::Energy] = Some(0.08);
        sd[Feature::Loudness] = Some(0.0);
        Reading {
            time: 12.4,
            coverage: 0.4133,
            silent: false,
            values,
            sd,
            levels: Levels {
                momentary: Some(-8.04),
                max_momentary: Some(-6.5),
                short_term: Some(f32::NAN),
                max_short_term: Some(-7.0),
                range: Some(5.25),
                true_peak: Some(-0.04),
            },
            dropped: 1,
            replaced: 0,
        }
    }

    #[test]
    fn a_session_is_a_table_whose_rows_have_a_cell_for_each_column() {
        let mut session = Session::default();
        session.push(&reading());
        let text = csv(&session, "a \"good\", model", "embedded");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "time,coverage,danceability,energy,speechiness,acousticness,instrumentalness,liveness,valence,loudness,\
             sd_danceability,sd_energy,sd_speechiness,sd_acousticness,sd_instrumentalness,sd_liveness,sd_valence,sd_loudness,\
             model,backend,dropped,replaced,silent,short_term_lufs,momentary_lufs,loudness_range_lu,true_peak_dbtp"
        );
        assert_eq!(
            lines[1],
            "12.4,0.4133,,0.634,,,,,,-9.84,,0.08,,,,,,0,\"a \"\"good\"\", model\",embedded,1,0,false,,-8.04,5.25,-0.04"
        );
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn values_can_be_pasted() {
        let mut reference = Reference::of("Mix\t3", &reading());
        reference.values[Feature::Energy] = Some(0.7);
        reference.levels.true_peak = Some(-1.0);
        let text = values(Some(&reading()), Some(&reference));
        for line in [
            "Echometer\tvalue\t±\tMix 3\tdifference",
            "Energy\t0.63\t0.08\t0.70\t-0.07",
            "Valence\t\t\t\t",
            "Loudness (LUFS)\t-9.8\t\t-9.8\t+0.0",
            "Momentary (LUFS)\t-8.0\t\t\t",
            "Momentary, largest (LUFS)\t-6.5\t\t-6.5\t+0.0",
            "Short-term (LUFS)\t\t\t\t",
            "True peak (dBTP)\t0.0\t\t-1.0\t+1.0",
            "Heard (s)\t12.4\t\t\t",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} in {text}");
        }
        assert!(text.lines().all(|line| line.matches('\t').count() == 4), "{text}");
        let alone = values(None, None);
        assert!(
            alone.lines().all(|line| line.matches('\t').count() == 2),
            "{alone}"
        );
    }
}
