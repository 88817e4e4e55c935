//! Tables 5.1–5.8 with their figures.

use echometer_engine::Feature;

use super::{Findings, decimals, error_cells, interval_text, most_clips, printed_cells};
use crate::data::row::Split;
use crate::report::figures::dots::{Dot, dots};
use crate::report::figures::predictions::predictions;
use crate::report::figures::{Figure, capital, curves, number};
use crate::report::grid::{Cell as Place, settings};
use crate::report::page::{Block, Cell, Row, Section, Table, Tone};
use crate::report::thesis::{ORDER, table_number};

/// The single-task runs, one part a feature, and what the chosen ones predict.
pub(super) fn sections(findings: &Findings) -> Vec<Section> {
    let clips = most_clips(findings, Split::Validation);
    let intro = match clips {
        0 => "Twelve single-task runs a feature: three networks, two optimisers, two learning rates. None has finished yet.".to_owned(),
        _ => format!(
            "Twelve single-task runs a feature: three networks, two optimisers, two learning rates. Errors are on up to {clips} \
             validation clips; the run with the lowest MSE is chosen and then scored once on the test clips. The thesis rounds to three \
             decimals; its tables have the headings “learning rate” and “optimizer” swapped."
        ),
    };
    let mut sections = vec![Section {
        id: "features".into(),
        title: "Single-task runs".into(),
        is_part: false,
        blocks: vec![Block::Text(intro)],
    }];
    sections.extend(ORDER.map(|feature| part(findings, feature)));
    let figures: Vec<_> = ORDER
        .into_iter()
        .filter_map(|feature| predicted(findings, feature))
        .collect();
    if !figures.is_empty() {
        sections.push(Section {
            id: "predictions".into(),
            title: "Predicted against true".into(),
            is_part: false,
            blocks: vec![Block::Gallery(figures)],
        });
    }
    sections
}

fn part(findings: &Findings, feature: Feature) -> Section {
    let best = findings
        .printed
        .iter()
        .find(|line| line.feature == feature && line.test_mse.is_some());
    let baseline = findings.baseline(feature);
    let mut blocks = vec![Block::Text(chosen_text(findings, feature))];
    let mut beside = vec![Block::Table(table(findings, feature))];
    let lines = dot_lines(findings, feature);
    if lines.iter().any(|line| line.mse.is_some()) {
        beside.push(Block::Figure(dots(feature, &lines, baseline)));
    }
    blocks.push(Block::Beside(beside));
    let validation = best.and_then(|best| curves::validation(&findings.grid, feature, best.mse, baseline));
    let drawn: Vec<_> = validation
        .into_iter()
        .chain(curves::training(&findings.grid, feature))
        .collect();
    if !drawn.is_empty() {
        blocks.push(Block::Beside(drawn.into_iter().map(Block::Figure).collect()));
    }
    Section {
        id: feature.name().to_owned(),
        title: capital(feature.name()),
        is_part: true,
        blocks,
    }
}

/// Which run was chosen, and what it comes to on the test clips beside the thesis's.
fn chosen_text(findings: &Findings, feature: Feature) -> String {
    let meaning = match feature {
        Feature::Loudness => "Average loudness of the track in dB.",
        _ => feature.meaning(),
    };
    let Some(f) = findings.reach.features.iter().find(|f| f.feature == feature) else {
        return meaning.to_owned();
    };
    let Some(chosen) = &f.chosen else {
        return format!(
            "{meaning} No run has finished; the thesis’s test MSE is {}.",
            number(f.thesis_mse, 3)
        );
    };
    let places = decimals(feature);
    let unit = if feature == Feature::Loudness { " dB²" } else { "" };
    match f.mse {
        Some(mse) => {
            let interval = interval_text(f.mse_interval, places);
            let interval = if interval.is_empty() {
                interval
            } else {
                format!(" (95 % {interval})")
            };
            format!(
                "{meaning} Chosen: {chosen}. On {} test clips its MSE is {}{unit}{interval} and its R² {}; the thesis’s test MSE is {}{unit}.",
                f.clips,
                number(mse, places),
                number(f.r2.unwrap_or(f64::NAN), 3),
                number(f.thesis_mse, 3)
            )
        }
        None => format!(
            "{meaning} Chosen: {chosen}, not scored on the test clips yet; the thesis’s test MSE is {}{unit}.",
            number(f.thesis_mse, 3)
        ),
    }
}

fn table(findings: &Findings, feature: Feature) -> Table {
    let chosen = findings.grid.chosen(feature).map(|(index, _)| index);
    let rows = settings()
        .into_iter()
        .zip(findings.grid.single[feature])
        .enumerate();
    let rows = rows.map(|(index, (setting, place))| {
        let line = findings.printed(feature, setting.network, setting.optimiser, setting.learning_rate);
        let is_printed_best = line.is_some_and(|line| line.test_mse.is_some());
        let mut cells = vec![Cell::new(setting.name())];
        cells.extend(printed_cells(
            line,
            if is_printed_best {
                Tone::Strong
            } else {
                Tone::Plain
            },
        ));
        let is_best = chosen == Some(index);
        cells.extend(
            error_cells(place.validation(feature), place.state(), feature).map(|cell| match cell.tone {
                Tone::Plain if is_best => Cell::with(cell.text, Tone::Strong),
                _ => cell,
            }),
        );
        Row { is_best, cells }
    });
    let failed = settings().into_iter().zip(findings.grid.single[feature]);
    let failed = failed.filter_map(|(setting, place)| match place {
        Place::Failed(_, failure) => Some(format!("{} failed: {}", setting.name(), failure.reason)),
        _ => None,
    });
    Table {
        caption: format!("Table {}, {feature}: validation errors", table_number(feature)),
        groups: vec![("", 1), ("thesis", 3), ("ours", 3)],
        columns: vec![
            "network · optimiser · rate",
            "MAE",
            "MSE",
            "R²",
            "MAE",
            "MSE",
            "R²",
        ],
        rows: rows.collect(),
        notes: failed.collect(),
    }
}

fn dot_lines(findings: &Findings, feature: Feature) -> Vec<Dot> {
    let single = settings()
        .into_iter()
        .zip(findings.grid.single[feature])
        .map(|(setting, place)| {
            let printed =
                findings.printed(feature, setting.network, setting.optimiser, setting.learning_rate);
            (
                setting.name(),
                setting.network,
                place,
                printed.map(|line| line.mse),
            )
        });
    let several = [
        (
            "MTL CNN, pair".to_owned(),
            "mtl-cnn",
            findings.grid.pair(feature),
            None,
        ),
        (
            "ResNet-34, eight heads".to_owned(),
            "resnet34-heads",
            findings.grid.heads,
            None,
        ),
    ];
    single
        .chain(several)
        .map(|(name, network, place, printed)| {
            let scored = place
                .run()
                .and_then(|run| findings.evidence.of(Split::Validation, run, feature));
            Dot {
                name,
                network: network.to_owned(),
                mse: place.validation(feature).map(|errors| errors.mse),
                interval: scored.and_then(|scored| scored.interval()),
                printed,
                state: place.state(),
            }
        })
        .collect()
}

fn predicted(findings: &Findings, feature: Feature) -> Option<Figure> {
    let (index, _) = findings.grid.chosen(feature)?;
    let place = findings.grid.single[feature][index];
    let errors = place.test(feature)?;
    let lines = place.run()?.predictions.iter();
    let lines = lines.filter(|line| line.split == Split::Test && line.feature == feature);
    let points: Vec<_> = lines.map(|line| (line.truth, line.prediction)).collect();
    (!points.is_empty()).then(|| predictions(feature, &settings()[index].name(), &points, &errors))
}
