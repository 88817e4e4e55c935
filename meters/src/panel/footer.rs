//! The bottom row: the model, what it runs on, what it costs, what comes in, and what went wrong.

use egui::{Align2, Color32, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::hover;
use super::ink::{Style, set, set_within, typeset, width};
use super::meter::Pen;
use super::scale::CAPTION;
use super::view::View;

/// The level below which nothing is shown, in decibels.
const LOWEST_DB: f32 = -60.0;

/// The level above which no difference is shown, in decibels.
const HIGHEST_DB: f32 = 60.0;

/// A fact at the right of the row.
struct Fact {
    name: &'static str,
    text: String,
    /// The widest the text gets, so that nothing moves while it changes.
    widest: &'static str,
    colour: Color32,
    hover: &'static str,
    /// The part of the level's bar that is filled.
    bar: Option<f32>,
}

/// Draws the row into `rect`. `level` is the smoothed input level in decibels.
pub(super) fn show(ui: &Ui, pen: &Pen<'_>, view: &View<'_>, level: f32, rect: Rect) {
    let caption = |colour| Style::new(pen.s(CAPTION), colour);
    let gap = pen.s(if rect.width() < pen.s(640.0) { 12.0 } else { 24.0 });
    let mut right = rect.right();
    let room = rect.left() + pen.s(96.0);
    for fact in facts(pen, view, level) {
        let style = caption(fact.colour);
        let text = width(&pen.painter, &fact.text, style).max(width(&pen.painter, fact.widest, style));
        let bar = if fact.bar.is_some() {
            pen.s(64.0 + 8.0)
        } else {
            0.0
        };
        if right - text - bar < room {
            break;
        }
        let place = Rect::from_x_y_ranges(right - text - bar..=right, rect.y_range());
        set(
            &pen.painter,
            &fact.text,
            style,
            place.right_center(),
            Align2::RIGHT_CENTER,
        );
        if let Some(share) = fact.bar {
            let track = Rect::from_center_size(
                pos2(place.left() + pen.s(32.0), place.center().y),
                vec2(pen.s(64.0), pen.s(4.0)),
            );
            let round = pen.s(2.0) as u8;
            pen.painter.rect_filled(track, round, pen.theme.track);
            let filled = Rect::from_min_size(track.min, vec2(track.width() * share, track.height()));
            pen.painter.rect_filled(filled, round, fact.colour);
        }
        fact_info(ui, pen, &fact, place);
        right = place.left() - gap;
    }
    let status = view.status;
    let model = [status.model, status.backend].map(str::trim);
    let text = model
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("  ·  ");
    let seen = set_within(
        &pen.painter,
        &text,
        caption(pen.theme.soft),
        rect.left_center(),
        Align2::LEFT_CENTER,
        right - rect.left(),
    );
    let place = Rect::from_x_y_ranges(seen.x_range(), rect.y_range());
    let response = ui.interact(place, ui.scope_id().with("model"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Model: {text}")));
    let mut told = text;
    if !status.reason.is_empty() {
        told += &format!("\n({})", status.reason);
    }
    response.on_hover_text(format!("{told}\n\n{}", hover::MODEL));
}

fn fact_info(ui: &Ui, pen: &Pen<'_>, fact: &Fact, place: Rect) {
    let response = ui.interact(
        place.expand2(vec2(pen.s(4.0), 0.0)),
        ui.scope_id().with(fact.name),
        Sense::hover(),
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{}: {}", fact.name, fact.text)));
    response.on_hover_text(fact.hover);
}

/// The facts, most needed first: where there is no room, the last ones go.
fn facts(pen: &Pen<'_>, view: &View<'_>, level: f32) -> Vec<Fact> {
    let theme = pen.theme;
    let mut facts = Vec::new();
    let loss = |name, count: u64, one: &str, many: &str, hover| Fact {
        name,
        text: format!("{count} {}", if count == 1 { one } else { many }),
        widest: "",
        colour: theme.warn,
        hover,
        bar: None,
    };
    if let Some(reading) = view.record.latest() {
        if reading.dropped > 0 {
            facts.push(loss(
                "Dropped",
                reading.dropped,
                "block dropped",
                "blocks dropped",
                hover::DROPPED,
            ));
        }
        if reading.replaced > 0 {
            facts.push(loss(
                "Replaced",
                reading.replaced,
                "sample replaced",
                "samples replaced",
                hover::REPLACED,
            ));
        }
    }
    let clipped = view.status.peak >= 1.0;
    facts.push(Fact {
        name: "Input",
        text: decibels(view.status.peak),
        widest: "\u{2212}00.0 dB",
        colour: if clipped { theme.warn } else { theme.soft },
        hover: hover::LEVEL,
        bar: Some(((level - LOWEST_DB) / -LOWEST_DB).clamp(0.0, 1.0)),
    });
    let cpu = view.status.cpu;
    facts.push(Fact {
        name: "CPU",
        text: if cpu.is_finite() {
            format!("CPU {:.0} %", cpu.max(0.0) * 100.0)
        } else {
            "CPU –".into()
        },
        widest: "CPU 00 %",
        colour: if cpu >= 0.9 { theme.warn } else { theme.soft },
        hover: hover::CPU,
        bar: None,
    });
    facts
}

/// The level of `peak` in decibels below full scale, not lower than the bar.
pub(super) fn level(peak: f32) -> f32 {
    if peak > 0.0 {
        (20.0 * peak.log10()).clamp(LOWEST_DB, HIGHEST_DB)
    } else {
        LOWEST_DB
    }
}

fn decibels(peak: f32) -> String {
    let level = level(peak);
    if level <= LOWEST_DB {
        "– dB".into()
    } else {
        typeset(&format!("{:.1} dB", (level * 10.0).round() / 10.0 + 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        assert_eq!(decibels(1.0), "0.0 dB");
        assert_eq!(decibels(0.5), "\u{2212}6.0 dB");
        assert_eq!(decibels(0.9999), "0.0 dB");
        assert_eq!(decibels(f32::INFINITY), "60.0 dB");
        for nothing in [0.0, -1.0, f32::NAN, 1e-9] {
            assert_eq!(decibels(nothing), "– dB");
        }
    }
}
