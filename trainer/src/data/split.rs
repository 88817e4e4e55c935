//! Training, validation and test: seeded, and no group on two sides.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::clips::Clip;
use super::row::Split;

/// Shares of the three sides in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares([u8; 3]);

impl Default for Shares {
    /// The thesis's split (§4.1).
    fn default() -> Self {
        Self([90, 5, 5])
    }
}

impl FromStr for Shares {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule =
            || format!("`{text}`, but must be three percentages from 1 on that add up to 100, like 90/5/5");
        let parts: Vec<u8> = text
            .split('/')
            .map(|part| part.trim().parse())
            .collect::<Result<_, _>>()
            .map_err(|_| rule())?;
        let shares: [u8; 3] = parts.try_into().map_err(|_| rule())?;
        let sum: u32 = shares.iter().map(|&share| u32::from(share)).sum();
        if sum != 100 || shares.contains(&0) {
            return Err(rule());
        }
        Ok(Self(shares))
    }
}

impl Shares {
    /// A side's share of the clips, 0–1.
    pub(crate) fn of(self, side: Split) -> f64 {
        f64::from(self.0[side as usize]) / 100.0
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [training, validation, test] = self.0;
        write!(f, "{training}/{validation}/{test}")
    }
}

/// The side of every clip, and how they were split in words.
///
/// Where the data puts every clip on a side and `shares` is `None`, that is taken, with a warning where it tears a group
/// apart; else the groups are shuffled and cut by
/// `shares` (default 90/5/5), and no side is left without a group where there are three.
pub(crate) fn split(clips: &[Clip], shares: Option<Shares>, seed: u64) -> (Vec<Split>, String) {
    if shares.is_none() {
        let places = clips.iter().map(|clip| Place {
            name: &clip.name,
            group: &clip.group,
            side: clip.split,
        });
        let (given, doubt) = given(&places.collect::<Vec<_>>());
        if let Some(doubt) = doubt {
            tracing::warn!("{doubt}");
        }
        if let Some(given) = given {
            return (given, "as the data says".into());
        }
    }
    let shares = shares.unwrap_or_default();
    let groups: Vec<_> = clips.iter().map(|clip| clip.group.as_str()).collect();
    let by = match clips.iter().filter(|clip| clip.has_artist).count() {
        0 => "by file",
        count if count == clips.len() => "by artist",
        _ => "by artist where one is given, else by file",
    };
    (cut(&groups, shares, seed), format!("{shares}, seed {seed}, {by}"))
}

/// Where the data puts a clip.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    group: &'a str,
    side: Option<Split>,
}

/// The data's own split where it is whole, and what to warn of: why it is not used, or a group on two sides.
fn given(places: &[Place<'_>]) -> (Option<Vec<Split>>, Option<String>) {
    if places.iter().all(|place| place.side.is_none()) {
        return (None, None); // The data has no split.
    }
    if let Some(first) = places.iter().find(|place| place.side.is_none()) {
        let count = places.iter().filter(|place| place.side.is_none()).count();
        let doubt = format!(
            "the data's own split is not used, for {count} of {} clips have no side in it, the first is {}",
            places.len(),
            first.name
        );
        return (None, Some(doubt));
    }
    let sides: Vec<_> = places.iter().filter_map(|place| place.side).collect();
    if let Some(missing) = Split::ALL.iter().find(|side| !sides.contains(side)) {
        let doubt = format!(
            "the data's own split is not used, for it puts no clip on the {} side",
            missing.name()
        );
        return (None, Some(doubt));
    }
    let mut sides_of = BTreeMap::<_, BTreeSet<_>>::new();
    for (place, side) in places.iter().zip(&sides) {
        sides_of.entry(place.group).or_default().insert(side.name());
    }
    let torn: Vec<_> = sides_of.iter().filter(|(_, sides)| sides.len() > 1).collect();
    let doubt = torn.first().map(|(group, sides)| {
        format!(
            "the data's own split puts {} of {} artists or files on more than one side, the first is {group} ({}): what \
             is learned of them there makes figures here look better than they are",
            torn.len(),
            sides_of.len(),
            sides.iter().copied().collect::<Vec<_>>().join(", ")
        )
    });
    (Some(sides), doubt)
}

fn cut(groups: &[&str], shares: Shares, seed: u64) -> Vec<Split> {
    let mut sizes = BTreeMap::new();
    for group in groups {
        *sizes.entry(*group).or_insert(0usize) += 1;
    }
    let mut order: Vec<_> = sizes.into_iter().collect();
    order.shuffle(&mut StdRng::seed_from_u64(seed));
    let [training, validation, _] = shares.0.map(f64::from);
    let (count, total) = (order.len(), groups.len() as f64);
    let mut side_of = BTreeMap::new();
    let mut before = 0;
    for (i, (group, size)) in order.into_iter().enumerate() {
        // A group belongs where its middle falls.
        let percent = 100.0 * (before as f64 + size as f64 / 2.0) / total;
        before += size;
        let left = count - i;
        let side = match percent {
            _ if i == 0 => Split::Training,
            _ if left == 1 => Split::Test,
            _ if left == 2 => Split::Validation,
            percent if percent < training => Split::Training,
            percent if percent < training + validation => Split::Validation,
            _ => Split::Test,
        };
        side_of.insert(group, side);
    }
    groups.iter().map(|group| side_of[group]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages() {
        assert_eq!("60/20/20".parse::<Shares>().unwrap().to_string(), "60/20/20");
        for wrong in ["", "90/5", "90/5/4", "100/0/0", "a/b/c", "90/5/5/0", "256/1/1"] {
            assert!(wrong.parse::<Shares>().unwrap_err().contains("90/5/5"), "{wrong}");
        }
    }

    #[test]
    fn groups_stay_together_and_sides_have_their_shares() {
        let groups: Vec<String> = (0..2000).map(|i| format!("artist {}", i * i % 733)).collect();
        let groups: Vec<_> = groups.iter().map(String::as_str).collect();
        let sides = cut(&groups, Shares::default(), 3);
        let mut side_of = BTreeMap::new();
        for (group, side) in groups.iter().zip(&sides) {
            assert_eq!(side_of.entry(group).or_insert(side), &side);
        }
        let share = |side| sides.iter().filter(|&&s| s == side).count() as f64 / 20.0;
        for (side, expected) in [
            (Split::Training, 90.0),
            (Split::Validation, 5.0),
            (Split::Test, 5.0),
        ] {
            assert!(
                (share(side) - expected).abs() < 1.5,
                "{side:?}: {} %",
                share(side)
            );
        }
        assert_eq!(sides, cut(&groups, Shares::default(), 3));
        assert_ne!(sides, cut(&groups, Shares::default(), 4));
    }

    #[test]
    fn a_given_split_is_never_dropped_or_torn_in_silence() {
        let place = |name, group, side| Place { name, group, side };
        let whole = [
            place("a.wav", "artist a", Some(Split::Training)),
            place("b.wav", "artist b", Some(Split::Validation)),
            place("c.wav", "artist c", Some(Split::Test)),
        ];
        assert_eq!(given(&whole), (Some(Split::ALL.to_vec()), None));
        let none = whole.map(|p| place(p.name, p.group, None));
        assert_eq!(given(&none), (None, None));
        let doubt = |places: &[Place<'_>]| {
            let (sides, doubt) = given(places);
            (sides.is_some(), doubt.unwrap())
        };
        let lacking = [whole.as_slice(), &[place("d.wav", "artist d", None)]].concat();
        let (used, words) = doubt(&lacking);
        assert!(
            !used && words.contains("1 of 4 clips") && words.contains("d.wav"),
            "{words}"
        );
        let (used, words) = doubt(&whole[..2]);
        assert!(!used && words.contains("no clip on the test side"), "{words}");
        let torn = [whole.as_slice(), &[place("d.wav", "artist a", Some(Split::Test))]].concat();
        let (used, words) = doubt(&torn);
        assert!(
            used && words.contains("1 of 3 artists or files") && words.contains("artist a (test, training)"),
            "{words}"
        );
    }

    #[test]
    fn three_groups_fill_three_sides() {
        for seed in 0..20 {
            let mut sides = cut(&["a", "b", "c", "a"], Shares::default(), seed);
            sides.sort_unstable();
            sides.dedup();
            assert_eq!(sides, Split::ALL, "seed {seed}");
        }
    }
}
