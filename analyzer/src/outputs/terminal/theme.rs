//! Colours as far as the terminal has them.

use std::env;

use echometer_meters::Rgb;
use ratatui::style::{Color, Modifier, Style};

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// None, or none wanted.
    None,
    /// The 16 named ones.
    Sixteen,
    /// A cube of 6×6×6 and 24 greys.
    Cube,
    /// Any.
    All,
}

/// How things look on this terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    depth: Depth,
}

const WHITE: Rgb = Rgb(255, 255, 255);
const BLACK: Rgb = Rgb(0, 0, 0);

impl Theme {
    /// Looks at the environment: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub(crate) fn detect(terminal: bool) -> Self {
        let set = |name: &str| env::var(name).unwrap_or_default();
        Self {
            depth: if terminal {
                depth(&set("NO_COLOR"), &set("COLORTERM"), &set("TERM"))
            } else {
                Depth::None
            },
        }
    }

    /// A colour, or the nearest there is.
    pub(super) fn colour(&self, rgb: Rgb) -> Color {
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Sixteen => named(rgb),
            Depth::Cube => Color::Indexed(indexed(rgb)),
            Depth::All => Color::Rgb(rgb.0, rgb.1, rgb.2),
        }
    }

    /// A meter's own colour.
    pub(super) fn strong(&self, rgb: Rgb) -> Style {
        Style::new().fg(self.colour(rgb))
    }

    /// Lighter than [`Self::strong`].
    pub(super) fn light(&self, rgb: Rgb) -> Style {
        Style::new().fg(self.colour(rgb.mix(WHITE, 0.45)))
    }

    /// Darker than [`Self::strong`].
    pub(super) fn faint(&self, rgb: Rgb) -> Style {
        Style::new().fg(self.colour(rgb.mix(BLACK, 0.4)))
    }

    /// What matters most.
    pub(super) fn bright(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What explains.
    pub(super) fn quiet(&self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::DIM),
            Depth::Sixteen => Style::new().fg(Color::DarkGray),
            _ => Style::new().fg(self.colour(Rgb(128, 128, 128))),
        }
    }

    /// Empty tracks and rules.
    pub(super) fn track(&self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::DIM),
            Depth::Sixteen => Style::new().fg(Color::DarkGray),
            _ => Style::new().fg(self.colour(Rgb(72, 72, 72))),
        }
    }

    /// Something is wrong.
    pub(super) fn alarm(&self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::REVERSED),
            _ => Style::new()
                .fg(self.colour(Rgb(255, 90, 80)))
                .add_modifier(Modifier::BOLD),
        }
    }

    /// Escape sequences that switch a colour on and off, for text outside the meters.
    pub(crate) fn escape(&self, rgb: Rgb) -> (String, &'static str) {
        let code = match self.depth {
            Depth::None => return (String::new(), ""),
            Depth::All => format!("\x1b[38;2;{};{};{}m", rgb.0, rgb.1, rgb.2),
            Depth::Cube | Depth::Sixteen => format!("\x1b[38;5;{}m", indexed(rgb)),
        };
        (code, "\x1b[0m")
    }
}

fn depth(no_color: &str, colorterm: &str, term: &str) -> Depth {
    if !no_color.is_empty() || term == "dumb" {
        Depth::None
    } else if colorterm.contains("truecolor") || colorterm.contains("24bit") || term.contains("direct") {
        Depth::All
    } else if term.contains("256") || cfg!(windows) {
        Depth::Cube
    } else {
        Depth::Sixteen
    }
}

/// The nearest colour of the cube or of the greys.
fn indexed(rgb: Rgb) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |x: u8| {
        let distance = |i: &usize| STEPS[*i].abs_diff(x);
        (0..STEPS.len()).min_by_key(distance).unwrap_or(0)
    };
    if rgb.0 == rgb.1 && rgb.1 == rgb.2 {
        return 232 + ((u16::from(rgb.0).saturating_sub(3)) / 10).min(23) as u8;
    }
    (16 + 36 * nearest(rgb.0) + 6 * nearest(rgb.1) + nearest(rgb.2)) as u8
}

/// The nearest of the 16 named colours, by hue: these terminals choose the exact shades themselves.
fn named(rgb: Rgb) -> Color {
    const NAMED: [(Color, Rgb); 8] = [
        (Color::DarkGray, Rgb(90, 90, 90)),
        (Color::Red, Rgb(213, 70, 20)),
        (Color::Green, Rgb(0, 158, 90)),
        (Color::Yellow, Rgb(235, 200, 40)),
        (Color::Blue, Rgb(0, 90, 190)),
        (Color::Magenta, Rgb(204, 110, 170)),
        (Color::Cyan, Rgb(86, 190, 233)),
        (Color::White, Rgb(200, 200, 200)),
    ];
    let distance = |other: &Rgb| {
        let d = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        d(rgb.0, other.0) + d(rgb.1, other.1) + d(rgb.2, other.2)
    };
    NAMED
        .iter()
        .min_by_key(|(_, other)| distance(other))
        .map_or(Color::Reset, |(color, _)| *color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        assert_eq!(depth("1", "truecolor", "xterm-256color"), Depth::None);
        assert_eq!(depth("", "truecolor", "xterm"), Depth::All);
        assert_eq!(depth("", "", "screen-256color"), Depth::Cube);
        assert_eq!(depth("", "", "dumb"), Depth::None);
    }

    #[test]
    fn every_depth_keeps_most_features_apart() {
        let theme = |depth| Theme { depth };
        for (depth, least) in [(Depth::All, 8), (Depth::Cube, 8), (Depth::Sixteen, 6)] {
            let mut colours: Vec<Color> = Vec::new();
            for feature in echometer_meters::ORDER {
                let colour = theme(depth).colour(echometer_meters::colour(feature));
                if !colours.contains(&colour) {
                    colours.push(colour);
                }
            }
            assert!(colours.len() >= least, "{depth:?}: {colours:?}");
        }
    }
}
