//! The figures, drawn as SVG that takes its colours from the page and stands alone as a file.

pub(crate) mod axis;
pub(crate) mod curves;
pub(crate) mod distributions;
pub(crate) mod dots;
pub(crate) mod forest;
pub(crate) mod matrix;
pub(crate) mod palette;
pub(crate) mod predictions;
pub(crate) mod scatter;

use maud::{Markup, PreEscaped, html};

/// One figure.
pub(crate) struct Figure {
    /// Stem of its file in `plots/`.
    pub(crate) name: String,
    /// Also its heading inside the picture.
    pub(crate) title: String,
    /// What is seen, for below the picture and for those who do not see it.
    pub(crate) caption: String,
    /// In pixels at full size.
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// The SVG elements.
    pub(crate) body: Markup,
}

const STYLE: &str = include_str!("plot.css");

impl Figure {
    /// Inside a page that has [`palette::root`] and [`style`].
    pub(crate) fn inline(&self) -> Markup {
        let view = format!("0 0 {} {}", self.width, self.height);
        html! {
            svg class="plot" viewBox=(view) role="img" aria-label=(format!("{}. {}", self.title, self.caption)) {
                (self.content())
            }
        }
    }

    /// A file of its own, in light colours, for slides and papers.
    pub(crate) fn file(&self) -> String {
        let view = format!("0 0 {} {}", self.width, self.height);
        let markup = html! {
            svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox=(view) width=(self.width) height=(self.height) {
                title { (self.title) }
                desc { (self.caption) }
                style { (PreEscaped(palette::light(STYLE))) }
                rect class="paper" width="100%" height="100%" {}
                (self.content())
            }
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n",
            markup.into_string()
        )
    }

    fn content(&self) -> Markup {
        html! {
            text class="title" x="14" y="22" { (self.title) }
            (self.body)
        }
    }
}

/// Rules for all figures of a page.
pub(crate) fn style() -> &'static str {
    STYLE
}

/// A length or position in pixels, to a tenth.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A value with so many decimals and a true minus sign; a dash where it is not finite.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let is_zero = text.chars().all(|c| c == '0' || c == '.');
    if value < 0.0 && !is_zero {
        format!("−{text}")
    } else {
        text
    }
}

/// A count with thin spaces between thousands.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A feature's name at the start of a sentence.
pub(crate) fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first: String = letters
        .next()
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    first + letters.as_str()
}

/// What stands on an axis of the feature's values.
fn values_label(feature: echometer_engine::Feature) -> String {
    match feature {
        echometer_engine::Feature::Loudness => "loudness in dB".to_owned(),
        _ => format!("{feature} (0–1)"),
    }
}

/// What stands on an axis of the feature's MSE.
fn mse_label(feature: echometer_engine::Feature) -> &'static str {
    match feature {
        echometer_engine::Feature::Loudness => "MSE in dB²",
        _ => "MSE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_in_print() {
        assert_eq!(number(-0.1234, 2), "−0.12");
        assert_eq!(number(-0.0001, 2), "0.00");
        assert_eq!(number(f64::NAN, 2), "–");
        assert_eq!(count(1_265_228), "1\u{202f}265\u{202f}228");
        assert_eq!(count(640), "640");
        assert_eq!(px(12.04), "12");
    }

    #[test]
    fn a_file_is_well_formed_and_escaped_and_needs_no_variables() {
        let figure = Figure {
            name: "x".into(),
            title: "a < b & \"c\"".into(),
            caption: String::new(),
            width: 10.0,
            height: 10.0,
            body: html! { path d="M0 0" {} },
        };
        let file = figure.file();
        assert!(
            file.contains("a &lt; b &amp;") && !file.contains("var(--"),
            "{file}"
        );
        assert_eq!(file.matches("<path").count(), file.matches("</path>").count());
    }
}
