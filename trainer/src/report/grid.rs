//! Which run stands where: 96 single-task runs, four pairs, and the trunk with eight heads.

use echometer_engine::{Feature, PerFeature};

use super::thesis::PAIRS;
use crate::runs::read::{Folder, Run, State};
use crate::runs::record::{Errors, Failure, Outcome};

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

/// A place of the grid.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Missing,
    Unfinished(&'a Run),
    Failed(&'a Run, &'a Failure),
    Finished(&'a Run, &'a Outcome),
}

impl<'a> Cell<'a> {
    /// The run, if there is one.
    pub(crate) fn run(self) -> Option<&'a Run> {
        match self {
            Self::Missing => None,
            Self::Unfinished(run) | Self::Failed(run, _) | Self::Finished(run, _) => Some(run),
        }
    }

    /// Validation errors of a finished run.
    pub(crate) fn validation(self, feature: Feature) -> Option<Errors> {
        match self {
            Self::Finished(_, outcome) => outcome.validation.get(&feature).copied(),
            _ => None,
        }
    }

    /// Test errors of a finished run that was chosen.
    pub(crate) fn test(self, feature: Feature) -> Option<Errors> {
        match self {
            Self::Finished(_, outcome) => outcome.test.get(&feature).copied(),
            _ => None,
        }
    }

    /// One word for tables and files.
    pub(crate) fn state(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unfinished(_) => "unfinished",
            Self::Failed(..) => "failed",
            Self::Finished(..) => "finished",
        }
    }

    fn of(run: &'a Run) -> Self {
        match &run.state {
            State::Finished(outcome) => Self::Finished(run, outcome),
            State::Failed(failure) => Self::Failed(run, failure),
            State::Unfinished => Self::Unfinished(run),
        }
    }

    /// Between two runs for the same place, the finished one goes first.
    fn rank(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Unfinished(_) => 1,
            Self::Failed(..) => 2,
            Self::Finished(..) => 3,
        }
    }
}

/// All runs at their places.
#[derive(Debug)]
pub(crate) struct Grid<'a> {
    /// In the order of [`settings`].
    pub(crate) single: PerFeature<[Cell<'a>; SETTINGS]>,
    /// In the order of [`PAIRS`].
    pub(crate) pairs: [Cell<'a>; PAIRS.len()],
    pub(crate) heads: Cell<'a>,
    /// Runs with other settings, or a second one for the same place.
    pub(crate) others: Vec<Cell<'a>>,
}

impl<'a> Grid<'a> {
    /// Puts each run at its place by its configuration; its name plays no part.
    pub(crate) fn new(folder: &'a Folder) -> Self {
        let mut grid = Self {
            single: PerFeature::from_fn(|_| [Cell::Missing; SETTINGS]),
            pairs: [Cell::Missing; PAIRS.len()],
            heads: Cell::Missing,
            others: Vec::new(),
        };
        for run in &folder.runs {
            let mut cell = Cell::of(run);
            if let Some(place) = grid.place(run)
                && cell.rank() > place.rank()
            {
                std::mem::swap(place, &mut cell);
            }
            if !matches!(cell, Cell::Missing) {
                grid.others.push(cell);
            }
        }
        grid
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

    /// The feature's single-task run with the lowest validation error: its place among the settings, and that error.
    pub(crate) fn chosen(&self, feature: Feature) -> Option<(usize, Errors)> {
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
        assert_eq!(grid.others[0].state(), "unfinished");
    }
}
