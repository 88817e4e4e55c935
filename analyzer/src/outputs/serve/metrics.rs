//! The numbers for Prometheus, in its text format 0.0.4.

use std::fmt::Write;

use echometer_meters as meters;

use super::board::Now;
use crate::outputs::About;

/// What the format is called.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All of it. What has no value now is left out: a gap is no zero.
pub(super) fn text(now: &Now, about: &About, clients: usize) -> String {
    let mut page = Page::default();
    let reading = now.reading.as_ref();
    page.head(
        "echometer_feature",
        "gauge",
        "Feature over the last window, in Spotify's ranges: 0 to 1, loudness -60 to 0 LUFS.",
    );
    for feature in meters::ORDER {
        page.line(
            &[("feature", feature.name())],
            reading.and_then(|reading| reading.values[feature]),
        );
    }
    page.head(
        "echometer_feature_sd",
        "gauge",
        "Standard deviation of the feature's value.",
    );
    for feature in meters::ORDER {
        page.line(
            &[("feature", feature.name())],
            reading.and_then(|reading| reading.sd[feature]),
        );
    }
    page.head(
        "echometer_feature_guess",
        "gauge",
        "1 where the model hardly knows the feature, by its own card.",
    );
    for feature in meters::ORDER {
        page.line(
            &[("feature", feature.name())],
            Some(u8::from(about.guesses[feature])),
        );
    }
    page.one(
        "echometer_window_coverage_ratio",
        "gauge",
        "Share of the window that was heard so far.",
        reading.map(|reading| reading.coverage),
    );
    page.one(
        "echometer_silent",
        "gauge",
        "1 while the whole window is silent.",
        reading.map(|reading| u8::from(reading.silent)),
    );
    page.one(
        "echometer_dropped_blocks_total",
        "counter",
        "Blocks of samples lost because the machine was too busy.",
        reading.map(|reading| reading.dropped),
    );
    page.one(
        "echometer_replaced_samples_total",
        "counter",
        "Samples that were no usable numbers and count as silence.",
        reading.map(|reading| reading.replaced),
    );
    page.one(
        "echometer_readings_total",
        "counter",
        "Readings so far.",
        Some(now.readings),
    );
    page.one(
        "echometer_last_reading_timestamp_seconds",
        "gauge",
        "When the last reading came, in seconds since 1970.",
        (now.readings > 0).then_some(now.at.as_secs_f64()),
    );
    page.one(
        "echometer_listening",
        "gauge",
        "1 while the input is there, 0 while its device is waited for.",
        Some(u8::from(now.listening)),
    );
    page.one(
        "echometer_clients",
        "gauge",
        "Connections to this server.",
        Some(clients),
    );
    page.head(
        "echometer_build_info",
        "gauge",
        "Always 1; the labels say what runs.",
    );
    page.line(
        &[
            ("version", env!("CARGO_PKG_VERSION")),
            ("model", &about.model),
            ("backend", &about.backend),
        ],
        Some(1),
    );
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    name: &'static str,
}

impl Page {
    /// Begins a metric.
    fn head(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        self.text += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// One value of the metric begun, if there is one.
    fn line(&mut self, labels: &[(&str, &str)], value: Option<impl ToString>) {
        let Some(value) = value else { return };
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, text)| format!("{name}=\"{}\"", escaped(text)))
            .collect();
        let labels = match labels.as_slice() {
            [] => String::new(),
            labels => format!("{{{}}}", labels.join(",")),
        };
        // Writing into a string cannot fail.
        let _ = writeln!(self.text, "{}{labels} {}", self.name, value.to_string());
    }

    /// A metric with one value and no labels.
    fn one(&mut self, name: &'static str, kind: &str, help: &str, value: Option<impl ToString>) {
        self.head(name, kind, help);
        self.line(&[], value);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_hold_any_text() {
        let mut page = Page::default();
        page.head("m", "gauge", "Help.");
        page.line(&[("a", "x\"y\\z\n"), ("b", "ü")], Some(1.5));
        page.line(&[], None::<u8>);
        assert_eq!(
            page.text,
            "# HELP m Help.\n# TYPE m gauge\nm{a=\"x\\\"y\\\\z\\n\",b=\"ü\"} 1.5\n"
        );
    }
}
