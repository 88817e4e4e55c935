//! Errors in words.

/// An error with its causes, outermost first. One whose words hold its cause already does not say it twice.
pub(crate) fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text += ": ";
        }
        text += &cause;
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let inner = io::Error::from(io::ErrorKind::NotFound);
        let outer = echometer_decode::DecodeError::Open {
            name: "a.mp3".into(),
            source: inner,
        };
        let error = anyhow::Error::new(outer).context("cannot go on");
        assert_eq!(
            told(&error),
            "cannot go on: a.mp3: cannot be opened: entity not found"
        );
    }
}
