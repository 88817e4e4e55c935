//! What a name on the command line means among things that have names.

/// Those that `text` means: the ones called exactly so, else all that have it in a name, in any case of letters.
pub(crate) fn fitting<'a, T, const N: usize>(
    text: &str,
    things: &'a [T],
    names: impl Fn(&'a T) -> [&'a str; N],
) -> Vec<&'a T> {
    let exact: Vec<_> = things
        .iter()
        .filter(|thing| names(thing).contains(&text))
        .collect();
    if !exact.is_empty() {
        return exact;
    }
    let wanted = text.to_lowercase();
    things
        .iter()
        .filter(|thing| {
            names(thing)
                .iter()
                .any(|name| name.to_lowercase().contains(&wanted))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_wins_over_a_part() {
        let things = ["USB Mic", "USB Mic 2", "Line"];
        let fit = |text| fitting(text, &things, |thing| [*thing]);
        assert_eq!(fit("USB Mic"), [&"USB Mic"]);
        assert_eq!(fit("usb"), [&"USB Mic", &"USB Mic 2"]);
        assert_eq!(fit("LINE"), [&"Line"]);
        assert!(fit("nothing").is_empty());
    }
}
