//! What was said while the meters had the screen.

use std::collections::VecDeque;

/// Notices kept. A loose plug may say the same thing all night.
const KEPT: usize = 50;

/// The last notices, to be said again once the screen is back.
#[derive(Debug, Default)]
pub(super) struct Notices {
    kept: VecDeque<String>,
    forgotten: u64,
}

impl Notices {
    /// Adds one, and forgets the oldest where there are too many.
    pub(super) fn push(&mut self, text: String) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
            self.forgotten += 1;
        }
        self.kept.push_back(text);
    }

    /// The latest one.
    pub(super) fn last(&self) -> Option<&String> {
        self.kept.back()
    }

    /// Gives all that are kept to `say`, the oldest first, after how many are not.
    pub(super) fn for_each(&self, say: impl Fn(&str)) {
        if self.forgotten > 0 {
            say(&format!("{} earlier notices are left out", self.forgotten));
        }
        self.kept.iter().for_each(|text| say(text));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn only_the_last_ones_are_kept() {
        let mut notices = Notices::default();
        for i in 0..KEPT + 3 {
            notices.push(i.to_string());
        }
        let said = RefCell::new(Vec::new());
        notices.for_each(|text| said.borrow_mut().push(text.to_owned()));
        let said = said.into_inner();
        assert_eq!(said.len(), KEPT + 1);
        assert_eq!(said[..2], ["3 earlier notices are left out", "3"]);
        assert_eq!(said.last(), notices.last());
    }
}
