//! Trunk and head at work for one input or many: the one loop from samples to readings.

use super::ScoreError;
use super::columns::Columns;
use super::lane::Lane;
use super::rows::Rows;
use super::window::Window;
use crate::inference::BackendError;
use crate::model::Model;
use crate::reading::Reading;
use crate::tap::Folded;

/// A model's graphs, with room for as many inputs at once as it was loaded for.
pub(super) struct Graphs {
    model: Model,
    trunk: Option<Rows>,
    /// For a second of the trunk in one run, where the model was loaded so.
    ahead: Option<Rows>,
    head: Rows,
}

impl Graphs {
    pub(super) fn new(model: &Model) -> Self {
        let rows = |graph| Rows::new(graph, model.streams());
        Self {
            trunk: model.trunk().map(rows),
            ahead: model.ahead().map(rows),
            head: rows(model.head()),
            model: model.clone(),
        }
    }

    /// Scores new `samples`, those of each lane, and tells each reading that falls due with its lane's index.
    pub(super) fn push(
        &mut self,
        lanes: &mut [Lane],
        samples: &mut [Folded<'_>],
        mut tell: impl FnMut(usize, Reading),
    ) -> Result<(), ScoreError> {
        while samples.iter().any(|samples| !samples.is_empty()) {
            for (lane, samples) in lanes.iter_mut().zip(samples.iter_mut()) {
                lane.take(samples)?;
            }
            let now = lanes.iter().any(|lane| lane.is_due() || lane.is_window());
            self.step(lanes, now)?;
            self.score(lanes, false, Lane::is_due)?;
            for (i, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.is_due()) {
                tell(i, lane.give());
            }
            self.score(lanes, true, Lane::is_window)?;
            let looking = lanes.iter_mut().filter(|lane| lane.is_window());
            looking.for_each(Lane::add_window);
        }
        Ok(())
    }

    /// Ends all lanes and reads each once more; `None` for one without input.
    pub(super) fn finish(&mut self, lanes: &mut [Lane]) -> Result<Vec<Option<Reading>>, ScoreError> {
        let heard: Vec<_> = lanes.iter_mut().map(Lane::end).collect();
        self.step(lanes, true)?;
        self.score(lanes, true, |_| true)?;
        let readings = heard.iter().zip(lanes);
        Ok(readings.map(|(heard, lane)| heard.then(|| lane.look())).collect())
    }

    /// Readies lanes for a look between regular readings.
    pub(super) fn refresh(&mut self, lanes: &mut [Lane]) -> Result<(), BackendError> {
        self.step(lanes, true)?;
        self.score(lanes, false, |_| true)
    }

    /// The trunk, until no lane has frames for a step; or, where it takes a second in one run and nobody looks `now`, until
    /// none has frames for that.
    fn step(&mut self, lanes: &mut [Lane], now: bool) -> Result<(), BackendError> {
        if let (Some(rows), Some(graph)) = (&mut self.ahead, self.model.ahead()) {
            run(lanes, self.model.card().columns_ahead(), |ready| {
                rows.run(graph, ready)
            })?;
            if !now {
                return Ok(());
            }
        }
        let (trunk, model) = (&mut self.trunk, &self.model);
        run(lanes, 1, |ready| match (trunk.as_mut(), model.trunk()) {
            (Some(rows), Some(graph)) => rows.run(graph, ready),
            _ => {
                ready.iter_mut().for_each(|columns| columns.pass());
                Ok(())
            }
        })
    }

    /// The head, on the windows of `wanted` lanes that it was not asked about before.
    fn score(
        &mut self,
        lanes: &mut [Lane],
        now: bool,
        wanted: impl Fn(&Lane) -> bool,
    ) -> Result<(), BackendError> {
        let lanes = lanes.iter_mut().filter(|lane| wanted(lane));
        let mut asking: Vec<_> = lanes.filter_map(|lane| lane.ask(now)).collect();
        self.head.run(self.model.head(), &mut asking)?;
        asking.into_iter().for_each(Window::answer);
        Ok(())
    }
}

/// Lets `trunk` take `steps` at a time of each lane that has frames for them, until none has.
fn run(
    lanes: &mut [Lane],
    steps: usize,
    mut trunk: impl FnMut(&mut [&mut Columns]) -> Result<(), BackendError>,
) -> Result<(), BackendError> {
    loop {
        let lanes = lanes.iter_mut();
        let mut ready: Vec<_> = lanes
            .filter_map(|lane| lane.columns.begin(steps).then_some(lane))
            .collect();
        if ready.is_empty() {
            return Ok(());
        }
        let mut columns: Vec<_> = ready.iter_mut().map(|lane| &mut lane.columns).collect();
        trunk(&mut columns)?;
        ready.into_iter().for_each(Lane::end_run);
    }
}
