//! Which tracks are fetched, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;

use super::apt::Offer;
use super::list::Track;

/// Most tracks of a package while a limit can be filled from others.
const A_FEW: usize = 4;

/// A track that is not in the corpus, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LeftOut<'a> {
    pub(crate) track: &'a Track,
    pub(crate) reason: String,
}

/// Tracks of one package.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch<'a> {
    pub(crate) package: &'a str,
    pub(crate) offer: Offer,
    pub(crate) tracks: Vec<&'a Track>,
}

/// Which of the list's tracks to have: all usable ones of `packages` (all where none is named) that have labels, and
/// those without too if `unlabelled`.
pub(crate) fn wanted<'a>(
    tracks: &'a [Track],
    packages: &[String],
    unlabelled: bool,
) -> anyhow::Result<(Vec<&'a Track>, Vec<LeftOut<'a>>)> {
    let known: BTreeSet<_> = tracks.iter().map(|track| track.package.as_str()).collect();
    for package in packages {
        if !known.contains(package.as_str()) {
            let some: Vec<_> = known.iter().copied().take(5).collect();
            bail!(
                "`{package}` is none of the open corpus's {} packages ({}, …)",
                known.len(),
                some.join(", ")
            );
        }
    }
    let (mut wanted, mut left_out) = (Vec::new(), Vec::new());
    for track in tracks {
        let reason = if let Some(reason) = track.unusable() {
            reason
        } else if track.clips.is_empty() && !unlabelled {
            "no labels: --unlabelled fetches it all the same"
        } else if !packages.is_empty() && !packages.contains(&track.package) {
            "not among --packages"
        } else {
            wanted.push(track);
            continue;
        };
        left_out.push(LeftOut {
            track,
            reason: reason.to_owned(),
        });
    }
    Ok((wanted, left_out))
}

/// Batches of at most `limit` tracks in all, small packages first; under a limit a few tracks a package, so that it
/// spreads over many.
pub(crate) fn batches<'a>(
    wanted: Vec<&'a Track>,
    offers: &BTreeMap<String, Offer>,
    limit: Option<usize>,
) -> (Vec<Batch<'a>>, Vec<LeftOut<'a>>) {
    let mut left_out = Vec::new();
    let mut leave = |track: &'a Track, reason: String| left_out.push(LeftOut { track, reason });
    let mut by_package: BTreeMap<&str, Vec<&Track>> = BTreeMap::new();
    for track in wanted {
        by_package.entry(&track.package).or_default().push(track);
    }
    let mut batches = Vec::new();
    for (package, mut tracks) in by_package {
        tracks.sort_by_key(|track| track.clips.is_empty());
        match offers.get(package) {
            Some(offer) => batches.push(Batch {
                package,
                offer: offer.clone(),
                tracks,
            }),
            None => tracks
                .into_iter()
                .for_each(|track| leave(track, format!("apt does not know the package {package}"))),
        }
    }
    batches.sort_by_key(|batch| (batch.offer.bytes, batch.package));
    if let Some(limit) = limit {
        let counts: Vec<_> = batches.iter().map(|batch| batch.tracks.len()).collect();
        for (batch, count) in batches.iter_mut().zip(spread(&counts, limit)) {
            for track in batch.tracks.drain(count..) {
                leave(track, format!("beyond --limit {limit}"));
            }
        }
        batches.retain(|batch| !batch.tracks.is_empty());
    }
    (batches, left_out)
}

/// How many of each to take: a few of the first ones, more only where all together would be too few.
fn spread(counts: &[usize], limit: usize) -> Vec<usize> {
    let mut few = A_FEW;
    let with = |few: usize| counts.iter().map(|&count| count.min(few)).sum::<usize>();
    while with(few) < limit && with(few) < with(usize::MAX) {
        few *= 2;
    }
    let mut left = limit;
    counts
        .iter()
        .map(|&count| {
            let taken = count.min(few).min(left);
            left -= taken;
            taken
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::list::tracks;

    fn offers(tracks: &[Track]) -> BTreeMap<String, Offer> {
        let offer = |track: &Track| Offer {
            version: track.version.clone(),
            bytes: track.package.len() as u64,
        };
        tracks
            .iter()
            .map(|track| (track.package.clone(), offer(track)))
            .collect()
    }

    #[test]
    fn a_limit_spreads_over_the_smallest_packages() {
        assert_eq!(spread(&[1, 9, 3, 9, 9], 10), [1, 4, 3, 2, 0]);
        assert_eq!(spread(&[1, 9, 3, 9, 9], 20), [1, 8, 3, 8, 0]);
        assert_eq!(spread(&[1, 9], 100), [1, 9]);
        assert_eq!(spread(&[], 5), [0; 0]);
    }

    #[test]
    fn every_track_is_chosen_or_left_out_with_a_reason() {
        let tracks = tracks().unwrap();
        let (wanted, left_out) = wanted(&tracks, &[], false).unwrap();
        assert_eq!(wanted.len() + left_out.len(), tracks.len());
        assert!(wanted.iter().all(|track| !track.clips.is_empty()));
        let mut offers = offers(&tracks);
        offers.remove("0ad-data");
        let (chosen, more) = batches(wanted.clone(), &offers, Some(40));
        let count: usize = chosen.iter().map(|batch| batch.tracks.len()).sum();
        assert_eq!((count, count + more.len()), (40, wanted.len()));
        assert!(chosen.len() >= 10 && chosen.is_sorted_by_key(|batch| batch.offer.bytes));
        assert!(
            more.iter()
                .any(|left| left.reason.contains("apt does not know the package 0ad-data"))
        );
        assert!(more.iter().any(|left| left.reason == "beyond --limit 40"));
    }

    #[test]
    fn unlabelled_tracks_come_last_and_only_when_asked_for() {
        let tracks = tracks().unwrap();
        let packages = ["warzone2100-music".to_owned(), "wesnoth-1.16-music".to_owned()];
        let labelled = wanted(&tracks, &packages, false).unwrap().0.len();
        let (all, _) = wanted(&tracks, &packages, true).unwrap();
        assert!(all.len() > labelled, "{} {labelled}", all.len());
        let (chosen, _) = batches(all, &offers(&tracks), None);
        assert!(
            chosen
                .iter()
                .all(|batch| batch.tracks.is_sorted_by_key(|track| track.clips.is_empty()))
        );
    }

    #[test]
    fn unknown_packages_are_named() {
        let tracks = tracks().unwrap();
        let error = wanted(&tracks, &["nosuch".to_owned()], false)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`nosuch`") && error.contains("0ad-data"),
            "{error}"
        );
    }
}
