//! One picture: header, meters, footer, at any size.

use echometer_engine::Feature;
use echometer_meters as meters;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::meter::{self, Shape};
use super::state::{LEVEL_FLOOR_DB, State};
use super::theme::Theme;
use crate::outputs::table::{clock, is_scored};
use crate::shown::shown;

/// From this size on there are large meters with their history.
const ROOMY: (u16, u16) = (64, 22);
/// Below this, nothing sensible fits.
const SMALLEST: (u16, u16) = (24, 3);

/// Draws the state as it is now.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State<'_>, theme: &Theme) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        Line::from("too small").render(area, buffer);
        return;
    }
    // A column of air on both sides.
    let area = Rect {
        x: area.x + 1,
        width: area.width - 2,
        ..area
    };
    if area.width + 2 >= ROOMY.0 && area.height >= ROOMY.1 {
        roomy(area, buffer, state, theme);
    } else {
        compact(area, buffer, state, theme);
    }
}

/// The row `y` of `area`, counted from its top.
fn row(area: Rect, y: u16) -> Rect {
    Rect {
        y: area.y + y,
        height: 1,
        ..area
    }
    .intersection(area)
}

fn roomy(area: Rect, buffer: &mut Buffer, state: &State<'_>, theme: &Theme) {
    let shape = Shape::for_height(area.height - ROOMY.1);
    title(row(area, 0), buffer, state, theme);
    let half = area.width / 2;
    level(
        Rect {
            width: half - 1,
            ..row(area, 1)
        },
        buffer,
        state,
        theme,
    );
    coverage(
        Rect {
            x: area.x + half + 1,
            width: area.width - half - 1,
            ..row(area, 1)
        },
        buffer,
        state,
        theme,
    );
    message(row(area, 2), buffer, state, theme);

    let mut y = 3;
    for feature in meters::LARGE {
        let height = shape.bar + shape.history;
        let area = Rect {
            y: area.y + y,
            height,
            ..area
        };
        meter::large(area, buffer, state, theme, feature, &shape);
        y += height + 1;
    }
    let rule = "─".repeat(usize::from(area.width));
    Line::styled(rule, theme.track()).render(row(area, y), buffer);
    y += 1 + shape.air;
    for feature in meters::SMALL {
        let area = Rect {
            height: shape.small,
            ..row(area, y)
        };
        meter::small(area, buffer, state, theme, feature, &shape);
        y += shape.small + shape.gap;
    }
    footer(row(area, area.height - 1), buffer, state, theme);
}

fn compact(area: Rect, buffer: &mut Buffer, state: &State<'_>, theme: &Theme) {
    title(row(area, 0), buffer, state, theme);
    // Eight meters first; what is left goes to coverage, messages and the footer.
    let meters = area.height.saturating_sub(1).min(8);
    for (y, feature) in (1..=meters).zip(meters::ORDER) {
        meter::tiny(row(area, y), buffer, state, theme, feature);
    }
    let left = area.height - 1 - meters;
    if left >= 3 {
        level(row(area, meters + 1), buffer, state, theme);
    }
    if left >= 2 {
        let line = row(area, area.height - 2);
        if state.message().is_some() {
            message(line, buffer, state, theme);
        } else {
            coverage(line, buffer, state, theme);
        }
    }
    if left >= 1 {
        footer(row(area, area.height - 1), buffer, state, theme);
    }
}

/// Name of the input at the left, its format and position at the right.
fn title(area: Rect, buffer: &mut Buffer, state: &State<'_>, theme: &Theme) {
    let name = state
        .part
        .as_ref()
        .map_or(state.about.input.as_str(), |part| &part.title);
    let (sign, style) = match &state.part {
        _ if state.lost.is_some() => ("○", theme.alarm()),
        Some(part) if part.live => ("●", theme.strong(meters::Rgb(255, 90, 80))),
        _ => ("▶", theme.strong(meters::colour(Feature::Liveness))),
    };
    // A span: a styled line would style the whole row.
    let right = Line::from(Span::styled(details(state, area.width), theme.quiet())).right_aligned();
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let name = Line::from(vec![
        Span::styled(sign, style),
        " ".into(),
        Span::styled(shown(name), theme.bright()),
    ]);
    name.render(
        Rect {
            width: room as u16,
            ..area
        },
        buffer,
    );
    right.render(area, buffer);
}

fn details(state: &State<'_>, width: u16) -> String {
    let Some(part) = &state.part else {
        return String::new();
    };
    let time = state.reading.as_ref().map_or(0.0, |reading| reading.time);
    let at = match part.duration_s {
        Some(duration) => format!("{} / {}", clock(time), clock(duration)),
        None => clock(time),
    };
    if width < ROOMY.0 - 2 {
        return at;
    }
    let channels = match part.channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        more => format!("{more} channels"),
    };
    format!("{} kHz {channels}   {at}", f64::from(part.rate) / 1000.0)
}

/// The input's peak level.
fn level(area: Rect, buffer: &mut Buffer, state: &State<'_>, theme: &Theme) {
    let text = if state.level_db > LEVEL_FLOOR_DB {
        format!("{:.1} dBFS", state.level_db)
    } else {
        "no signal".into()
    };
    let style = if state.is_clipped() {
        theme.alarm()
    } else {
        theme.strong(meters::Rgb(170, 190, 170))
    };
    let text = if state.is_clipped() {
        "clips!".to_owned()
    } else {
        text
    };
    gauge(
        area,
        buffer,
        theme,
        ("Input", &text, 11),
        1.0 - state.level_db / LEVEL_FLOOR_DB,
        style,
    );
}

/// How much of the window was heard.
fn coverage(area: Rect, buffer: &mut Buffer, state: &State<'_>, theme: &Theme) {
    let text = meters::coverage(state.reading.as_ref(), state.about.window_s);
    let share = state.reading.as_ref().map_or(0.0, |reading| reading.coverage);
    let style = theme.strong(meters::Rgb(150, 150, 190));
    gauge(area, buffer, theme, ("Window", &text, 18), share, style);
}

/// A name, a thin bar, and a text of a fixed width.
fn gauge(area: Rect, buffer: &mut Buffer, theme: &Theme, texts: (&str, &str, u16), share: f32, style: Style) {
    let (name, text, text_width) = texts;
    let width = usize::from(area.width.saturating_sub(8 + text_width + 1));
    let filled = ((share.clamp(0.0, 1.0) * width as f32).round() as usize).min(width);
    Line::from(vec![
        Span::styled(format!("{name:<7} "), theme.quiet()),
        Span::styled("━".repeat(filled), style),
        Span::styled("─".repeat(width - filled), theme.track()),
        Span::raw(format!(" {text:>width$}", width = usize::from(text_width))),
    ])
    .render(area, buffer);
}

/// What must be known: losses first, then what the meters wait for.
fn message(area: Rect, buffer: &mut Buffer, state: &State<'_>, theme: &Theme) {
    let (text, style) = match (state.message(), &state.reading) {
        (Some((text, true)), _) => (text, theme.alarm()),
        (Some((text, false)), _) => (text, theme.bright()),
        (None, Some(reading)) if reading.silent => (
            "silent: nothing above -70 LUFS, so nothing to score".into(),
            theme.quiet(),
        ),
        (None, Some(reading)) if is_scored(reading) => return,
        (None, reading) => {
            let time = reading.as_ref().map_or(0.0, |reading| reading.time);
            let left = state.about.first_reading_s - time;
            if left <= 0.0 {
                return;
            }
            (
                format!("listening: the first reading comes in {left:.1} s"),
                theme.quiet(),
            )
        }
    };
    Line::styled(shown(&text), style).render(area, buffer);
}

/// Model, backend and load at the left, keys at the right.
fn footer(area: Rect, buffer: &mut Buffer, state: &State<'_>, theme: &Theme) {
    let keys = Line::from(vec![
        Span::styled("q", theme.bright()),
        Span::styled(" leave  ", theme.quiet()),
        Span::styled("r", theme.bright()),
        Span::styled(" reset", theme.quiet()),
    ])
    .right_aligned();
    let mut parts = vec![state.about.model.clone(), state.about.backend.clone()];
    if let Some(share) = state.cpu.get() {
        parts.push(format!("CPU {:.0} %", share * 100.0));
    }
    let room = usize::from(area.width).saturating_sub(keys.width() + 2);
    // Whole parts only: half a word says nothing.
    while parts.len() > 1 && parts.join(" · ").chars().count() > room {
        parts.pop();
    }
    let about = Line::styled(parts.join(" · "), theme.quiet());
    about.render(
        Rect {
            width: room as u16,
            ..area
        },
        buffer,
    );
    keys.render(area, buffer);
}

#[cfg(test)]
mod tests {
    use echometer_engine::{Levels, PerFeature, Reading};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::analysis::{Event, Part};
    use crate::outputs::About;

    fn about() -> About {
        About {
            model: "live 1.0.0".into(),
            backend: "embedded".into(),
            reason: None,
            telling: false,
            window_s: 30.0,
            first_reading_s: 2.0,
            guesses: PerFeature::default(),
            input: "mic".into(),
        }
    }

    fn picture(state: &State<'_>, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let theme = Theme::detect(false);
        terminal.draw(|frame| draw(frame, state, &theme)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn what_auto_chose_is_told_at_first_where_it_is_news() {
        let about = About {
            reason: Some("no library".into()),
            ..about()
        };
        let shown = picture(&State::new(&about), 80, 24);
        assert!(
            !shown.contains("inference on") && shown.contains("embedded"),
            "{shown}"
        );
        let about = About {
            telling: true,
            ..about
        };
        let shown = picture(&State::new(&about), 80, 24);
        assert!(shown.contains("inference on embedded (no library)"), "{shown}");
    }

    #[test]
    fn every_size_draws_and_usable_ones_show_every_meter() {
        let about = about();
        let mut state = State::new(&about);
        let part = |title: &str| Part {
            title: title.into(),
            rate: 44_100,
            channels: 2,
            duration_s: Some(200.0),
            live: false,
            one_of_many: false,
            connection: 1,
        };
        for (width, height) in [
            (1, 1),
            (24, 3),
            (40, 12),
            (64, 22),
            (80, 24),
            (120, 40),
            (300, 100),
        ] {
            picture(&state, width, height);
        }
        state.take(Event::Begins(part(
            "Vérmocsár – a title that is far too long for a narrow terminal",
        )));
        let mut reading = Reading {
            time: 12.4,
            coverage: 12.4 / 30.0,
            silent: false,
            values: PerFeature::from_fn(|_| Some(0.63)),
            sd: PerFeature::from_fn(|_| Some(0.08)),
            levels: Levels::default(),
            dropped: 0,
            replaced: 0,
        };
        reading.values[Feature::Loudness] = Some(-9.8);
        reading.sd[Feature::Loudness] = Some(0.0);
        state.take(Event::Reading(reading.clone()));
        for (width, height) in [
            (1, 1),
            (10, 40),
            (24, 3),
            (40, 12),
            (64, 22),
            (80, 24),
            (120, 40),
            (300, 100),
        ] {
            let picture = picture(&state, width, height);
            if width >= 40 && height >= 12 {
                assert_eq!(picture.matches("0.63").count(), 7, "{width}x{height}:\n{picture}");
                assert!(picture.contains("-9.8"), "{picture}");
                assert!(picture.contains("12.4 of 30 s heard"), "{picture}");
                assert!(picture.contains("leave"), "{picture}");
            }
        }
        reading.dropped = 7;
        state.take(Event::Reading(reading.clone()));
        assert!(picture(&state, 80, 24).contains("7 blocks dropped"));
        reading.replaced = 12_345;
        state.take(Event::Reading(reading.clone()));
        let both = picture(&state, 84, 24);
        assert!(
            both.contains("7 blocks dropped") && both.contains("12345 unusable samples"),
            "{both}"
        );
        reading.dropped = 0;
        state.take(Event::Reading(reading));
        assert!(picture(&state, 80, 24).contains("12345 samples were no usable numbers"));
        state.take(Event::Lost("mic is gone".into()));
        assert!(picture(&state, 80, 24).contains("mic is gone"));
    }

    #[test]
    fn curves_have_no_holes_and_large_terminals_are_used() {
        let about = about();
        let mut state = State::new(&about);
        state.take(Event::Begins(Part {
            title: "a\u{1b}[2J".into(),
            rate: 44_100,
            channels: 2,
            duration_s: None,
            live: true,
            one_of_many: false,
            connection: 1,
        }));
        for i in 1..=200 {
            state.take(Event::Reading(Reading {
                time: f64::from(i) * 0.2,
                coverage: 1.0,
                silent: false,
                values: PerFeature::from_fn(|feature| {
                    Some(if feature == Feature::Loudness { -20.0 } else { 0.6 })
                }),
                sd: PerFeature::from_fn(|_| Some(0.08)),
                levels: Levels::default(),
                dropped: 0,
                replaced: 0,
            }));
        }
        for (width, height) in [(80, 24), (120, 40), (200, 60), (240, 70)] {
            let picture = picture(&state, width, height);
            assert!(picture.contains(r"a\u{1b}[2J"), "{picture}");
            let rows: Vec<&str> = picture.lines().map(|row| row.trim_matches('"')).collect();
            assert_eq!(rows.len(), usize::from(height));
            // The middle of each row is between its label and its value.
            let lowest: Vec<_> = rows.iter().filter(|row| row.contains("last 30 s")).collect();
            assert_eq!(lowest.len(), 3, "{picture}");
            for row in lowest {
                let curve: String = row.chars().skip(15).take(usize::from(width) - 29).collect();
                assert!(!curve.contains(' '), "{width}x{height}: holes in {curve:?}");
            }
            let small = rows
                .iter()
                .filter(|row| row.contains("Valence") || row.contains("Speechiness"));
            for row in small {
                let past: String = row.chars().skip(usize::from(width) - 28).take(14).collect();
                assert!(past.chars().count() == 14, "{width}x{height}: {row:?}");
                // Empty as a whole where the curve is lower than this row.
                let holes = past.contains(' ') && !past.trim().is_empty();
                assert!(!holes, "{width}x{height}: holes in {row:?}");
            }
            // What is left over above the footer: less than another row for each small meter.
            let left = rows
                .iter()
                .rev()
                .skip(1)
                .take_while(|row| row.trim().is_empty())
                .count();
            assert!(left < 5, "{width}x{height}: {left} rows are empty:\n{picture}");
        }
    }
}
