//! Names and words of files, devices and networks on a terminal: as what they are, whatever is in them.

use std::borrow::Cow;

/// The text with what a terminal would obey, or show in another order, as escapes: `\u{1b}` for ESC.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c.is_control() || reorders(c))
}

/// The same for texts of several lines.
pub(crate) fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && (c.is_control() || reorders(c)))
}

/// JSON whose texts hold nothing that a terminal would obey: the same values, in other words. JSON itself only forbids the first 32
/// codes, and a terminal takes some above 127 for commands as well.
pub(crate) fn shown_json(json: &str) -> Cow<'_, str> {
    // Those below 32 are escapes already, or stand between the texts.
    let obeyed = |c: char| matches!(c, '\x7f'..='\u{9f}') || reorders(c);
    if !json.contains(obeyed) {
        return json.into();
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if obeyed(c) {
            // All of them have four digits.
            text += &format!("\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text.into()
}

/// Whether a character changes the order of others, or ends a line on some terminals.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, what: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&what) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if what(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_nothing_else() {
        assert_eq!(shown("Vérmocsár – 音楽.mp3"), "Vérmocsár – 音楽.mp3");
        assert_eq!(
            shown("\x1b[2J\x07\u{9b}31m\u{7f}a\nb\u{202e}c"),
            r"\u{1b}[2J\u{7}\u{9b}31m\u{7f}a\nb\u{202e}c"
        );
        assert_eq!(shown_lines("one\n\ttwo\r"), "one\n\\ttwo\\r");
        let json = shown_json("{\"a\":\"\u{9b}é\"}");
        assert_eq!(json, r#"{"a":"\u009bé"}"#);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["a"], "\u{9b}é");
    }
}
