//! Which run stands where: 96 single-task runs, four pairs, and the trunk with eight heads.

use echometer_engine::{Feature, PerFeature};

pub(crate) use super::cell::Cell;
use super::thesis::PAIRS;
use crate::runs::read::{Folder, Run};
use crate::runs::record::Errors;

/// What a run of the grid is told besides its features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    /// As on the command line, like the optimiser.
    pub(crate) network: &'static str,
    pub(crate) optimiser: &'static str,
    pub(crate) learning_rate: f64,
}

pub(crate) const NETWORKS: [&str; 3] = ["lenet5", "resnet34", "crnn"];
pub(crate) const OPTIMISERS: [&str; 2] = ["sgd", "adam"];
pub(crate) const LEARNING_RATES: [f64; 2] = [1e-4, 1e-3];
/// Single-task settings a feature.
pub(crate) const SETTINGS: usize = 12;
/// Runs of the whole grid.
pub(crate) const RUNS: usize = SETTINGS * Feature::COUNT + PAIRS.len() + 1;

const PAIR: Setting = Setting {
    network: "mtl-cnn",
    optimiser: "adam",
    learning_rate: 1e-3,
};
const HEADS: &str = "resnet34-heads";

/// The settings of a feature's single-task runs, in the order of the thesis's tables.
pub(crate) fn settings() -> [Setting; SETTINGS] {
    std::array::from_fn(|i| Setting {
        network: NETWORKS[i / 4],
        optimiser: OPTIMISERS[i / 2 % 2],
        learning_rate: LEARNING_RATES[i % 2],
    })
}

/// All runs at their places.
#[derive(Debug)]
pub(crate) struct Grid<'a> {
    /// In the order of [`settings`].
    pub(crate) single: PerFeature<[Cell<'a>; SETTINGS]>,
    /// In the order of [`PAIRS`].
    pub(crate) pairs: [Cell<'a>; PAIRS.len()],
    pub(crate) heads: Cell<'a>,
    /// Runs that stand nowhere.
    pub(crate) others: Vec<(Cell<'a>, Why)>,
    /// What `chosen.json` names and cannot be found so, in words.
    pub(crate) doubts: Vec<String>,
    named: PerFeature<Option<usize>>,
}

/// Why a run stands nowhere in the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Its clips, labels or split are not those of `data.json`.
    OtherData,
    OtherSettings,
    /// There is another run for the same place.
    Second,
}

impl Why {
    /// For the list of other runs.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::OtherData => "learned from other clips, labels or another split than data.json has now",
            Self::OtherSettings => "has settings that the grid does not have",
            Self::Second => "has the settings of another run",
        }
    }
}

impl<'a> Grid<'a> {
    /// Puts each run at its place by its configuration; its name plays no part.
    pub(crate) fn new(folder: &'a Folder) -> Self {
        let mut grid = Self {
            single: PerFeature::from_fn(|_| [Cell::Missing; SETTINGS]),
            pairs: [Cell::Missing; PAIRS.len()],
            heads: Cell::Missing,
            others: Vec::new(),
            doubts: Vec::new(),
            named: PerFeature::default(),
        };
        // Between two results for the same place, the one that was chosen and tested goes first.
        let rank = |cell: Cell<'_>| {
            let name = cell.run().map(|run| &run.name);
            let is_named = name.is_some_and(|name| folder.chosen.values().any(|chosen| chosen == name));
            (cell.rank(), is_named)
        };
        for run in &folder.runs {
            let mut cell = Cell::of(run);
            let mut why = Why::OtherData;
            if folder.has_data_of(run) {
                why = Why::OtherSettings;
                if let Some(place) = grid.place(run) {
                    why = Why::Second;
                    if rank(cell) > rank(*place) {
                        std::mem::swap(place, &mut cell);
                    }
                }
            }
            if !matches!(cell, Cell::Missing) {
                grid.others.push((cell, why));
            }
        }
        for (&feature, name) in &folder.chosen {
            grid.choose(feature, name);
        }
        grid
    }

    /// Takes the named run as the feature's chosen one, or says why not.
    fn choose(&mut self, feature: Feature, name: &str) {
        let lowest = self.lowest(feature);
        let place = self.single[feature].iter().position(|cell| {
            cell.validation(feature).is_some() && cell.run().is_some_and(|run| run.name == name)
        });
        self.named[feature] = place;
        if place.is_none() {
            self.doubts.push(format!(
                "chosen.json names {name} for {feature}, but no finished single-task run of the grid has that name; taken is the one \
                 with the lowest validation error"
            ));
        } else if let Some((index, _)) = lowest
            && Some(index) != place
        {
            self.doubts.push(format!(
                "chosen.json names {name} for {feature}, but {} has a lower validation error now; the named one stands, because it was \
                 chosen before it was tested",
                self.single[feature][index].run().map_or("another run", |run| &run.name)
            ));
        }
    }

    fn place(&mut self, run: &Run) -> Option<&mut Cell<'a>> {
        let config = &run.config;
        let is = |setting: &Setting| {
            config.network == setting.network
                && config.optimiser == setting.optimiser
                && (config.learning_rate / setting.learning_rate - 1.0).abs() < 1e-6
        };
        match config.features[..] {
            [feature] => {
                let index = settings().iter().position(is)?;
                Some(&mut self.single[feature][index])
            }
            [a, b] if is(&PAIR) => {
                let index = PAIRS.iter().position(|pair| *pair == [a, b] || *pair == [b, a])?;
                Some(&mut self.pairs[index])
            }
            _ if config.network == HEADS && config.features.len() == Feature::COUNT => Some(&mut self.heads),
            _ => None,
        }
    }

    /// The feature's chosen single-task run: its place among the settings, and its validation errors.
    ///
    /// It is the one that `chosen.json` names; where that names none, the one with the lowest validation error.
    pub(crate) fn chosen(&self, feature: Feature) -> Option<(usize, Errors)> {
        let named = self.named[feature]
            .and_then(|index| Some((index, self.single[feature][index].validation(feature)?)));
        named.or_else(|| self.lowest(feature))
    }

    fn lowest(&self, feature: Feature) -> Option<(usize, Errors)> {
        let errors = self.single[feature].iter().enumerate();
        errors
            .filter_map(|(index, cell)| Some((index, cell.validation(feature)?)))
            .min_by(|a, b| a.1.mse.total_cmp(&b.1.mse))
    }

    /// All places of the grid.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Cell<'a>> {
        let single = self.single.0.iter().flatten();
        single.chain(&self.pairs).chain([&self.heads]).copied()
    }

    /// The pair that learns `feature`.
    pub(crate) fn pair(&self, feature: Feature) -> Cell<'a> {
        let index = PAIRS.iter().position(|pair| pair.contains(&feature));
        index.map_or(Cell::Missing, |index| self.pairs[index])
    }
}

/// A network's name as the literature writes it.
pub(crate) fn network_name(network: &str) -> &str {
    match network {
        "lenet5" => "LeNet-5",
        "resnet34" => "ResNet-34",
        "crnn" => "CRNN",
        "mtl-cnn" => "MTL CNN",
        HEADS => "ResNet-34 with heads",
        other => other,
    }
}

/// An optimiser's name as the literature writes it.
pub(crate) fn optimiser_name(optimiser: &str) -> &str {
    match optimiser {
        "adam" => "Adam",
        "sgd" => "SGD",
        other => other,
    }
}

impl Setting {
    /// `ResNet-34 · Adam · 0.001`.
    pub(crate) fn name(&self) -> String {
        format!(
            "{} · {} · {}",
            network_name(self.network),
            optimiser_name(self.optimiser),
            self.learning_rate
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{Fixture, Kind};
    use crate::runs::read::State;

    #[test]
    fn runs_find_their_places_and_the_best_is_chosen() {
        let fixture = Fixture::new(Kind::Full, 40);
        let folder = crate::runs::read::folder(fixture.path()).unwrap();
        let grid = Grid::new(&folder);
        assert_eq!(grid.cells().count(), RUNS);
        assert!(grid.cells().all(|cell| cell.state() == "finished"));
        assert!(grid.others.is_empty());
        for feature in Feature::ALL {
            let (index, errors) = grid.chosen(feature).unwrap();
            assert!(
                grid.single[feature]
                    .iter()
                    .all(|cell| cell.validation(feature).unwrap().mse >= errors.mse)
            );
            let run = grid.single[feature][index].run().unwrap();
            assert_eq!(run.config.network, settings()[index].network);
            assert!(
                grid.pair(feature)
                    .run()
                    .unwrap()
                    .config
                    .features
                    .contains(&feature)
            );
        }
    }

    #[test]
    fn a_second_run_for_a_place_stands_among_the_others() {
        let fixture = Fixture::new(Kind::Full, 40);
        let mut folder = crate::runs::read::folder(fixture.path()).unwrap();
        folder.runs[0].config = folder.runs[1].config.clone();
        folder.runs[0].state = State::Unfinished;
        let grid = Grid::new(&folder);
        assert_eq!(grid.others.len(), 1);
        let (cell, why) = grid.others[0];
        assert_eq!((cell.state(), why), ("unfinished", Why::Second));
    }

    #[test]
    fn a_run_of_other_data_stands_among_the_others() {
        let fixture = Fixture::new(Kind::Full, 40);
        let mut folder = crate::runs::read::folder(fixture.path()).unwrap();
        folder.runs[0].config.data = "old".into();
        folder.runs[1].config.data = String::new();
        let grid = Grid::new(&folder);
        let others: Vec<_> = grid
            .others
            .iter()
            .map(|(cell, why)| (&cell.run().unwrap().name, *why))
            .collect();
        assert_eq!(others, [(&folder.runs[0].name, Why::OtherData)]);
        assert_eq!(grid.cells().filter(|cell| cell.state() == "missing").count(), 1);
    }

    #[test]
    fn the_run_that_was_named_is_the_chosen_one() {
        let fixture = Fixture::new(Kind::Full, 40);
        let mut folder = crate::runs::read::folder(fixture.path()).unwrap();
        let feature = Feature::Energy;
        let grid = Grid::new(&folder);
        let (lowest, _) = grid.chosen(feature).unwrap();
        assert!(grid.doubts.is_empty(), "{:?}", grid.doubts);
        let other = (lowest + 1) % SETTINGS;
        let name = grid.single[feature][other].run().unwrap().name.clone();
        folder.chosen.insert(feature, name);
        let grid = Grid::new(&folder);
        assert_eq!(grid.chosen(feature).unwrap().0, other);
        assert!(
            grid.doubts[0].contains("lower validation error"),
            "{:?}",
            grid.doubts
        );
        folder.chosen.insert(feature, "nobody".into());
        let grid = Grid::new(&folder);
        assert_eq!(grid.chosen(feature).unwrap().0, lowest);
        assert!(
            grid.doubts[0].contains("names nobody for energy"),
            "{:?}",
            grid.doubts
        );
    }
}
