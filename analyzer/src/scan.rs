//! `analyzer scan`: folders of music to one table.

mod journal;
mod merge;
mod progress;
mod row;
mod score;
pub(crate) mod shard;
pub(crate) mod table;
mod tags;
mod walk;
mod work;
pub(crate) mod write_tags;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use echometer_decode::Choice;
use echometer_engine::Model;

use crate::cli::scan::Scan;
use crate::control::Control;
use crate::failure::Failure;
use crate::outputs::{is_unexpected, notice, written};
use crate::shown::shown_json;
use journal::Journal;
use progress::Progress;
use row::Row;
use shard::Shard;
use table::{Table, TableFormat};
use walk::{Found, Walk};
use work::Work;

/// Rows by their path.
type Rows = BTreeMap<String, Row>;

/// Scans, or merges.
pub(crate) fn run(args: &Scan, load: &(dyn Fn() -> Result<Model, Failure> + Sync)) -> Result<(), Failure> {
    check(args)?;
    let out = args
        .out
        .as_deref()
        .map(|path| Table::at(path, args.format))
        .transpose()?;
    if let (true, Some(out)) = (args.merge, &out) {
        let rows = merge::run(&args.paths, out)?;
        notice(&format!("{rows} rows in {}", out.path.display()));
        return Ok(());
    }
    // Rather than an error for each file, in the place of what is known of it.
    args.decoder.check()?;
    let walk = Walk::of(
        &args.paths,
        args.from.as_deref(),
        args.shard.unwrap_or(Shard::WHOLE),
    )?;
    walk.notices.iter().for_each(|text| notice(text));
    // Not before: a signal ends the wait for a list that nobody writes, and nothing is written yet.
    let control = Arc::new(Control::default());
    control.end_on_signals()?;
    let mut sink = Sink::open(out)?;
    walk.kept(&sink.rows).iter().for_each(|text| notice(text));
    let model = load()?;
    if is_unexpected(&model, args.inference.device) {
        let (backend, why) = (model.runtime().name(), model.runtime().note());
        notice(&format!("inference on {backend} ({why})"));
    }
    tracing::info!(
        files = walk.files.len(),
        known = sink.rows.len(),
        "looked through the folders"
    );
    let wanted = Wanted {
        model: &model.title(),
        decoder: args.decoder,
        curves: args.curves,
        again: args.again,
    };
    let files: Vec<_> = walk.files.iter().filter(|(_, found)| found.ours).collect();
    let due: Vec<_> = files
        .iter()
        .filter(|(path, found)| !wanted.is_known(sink.rows.get(*path), found))
        .map(|(_, found)| *found)
        .collect();
    let Scored { done, failed } = score(args, load, &model, &due, &control, &mut sink)?;
    if !sink.heard {
        return Ok(()); // A reader that left is no failure.
    }
    if control.is_stopped() {
        return Err(stopped(done, due.len(), &sink));
    }
    if let Some(style) = args.write_tags {
        write_tags::run(style, args.apply, &model, &files, &mut sink, &control)?;
    }
    let before = sink.rows.len();
    if !args.keep_missing {
        sink.rows.retain(|path, _| !walk.is_gone(path));
    }
    let gone = before - sink.rows.len();
    let unchanged = files.len() - due.len();
    tell_end(done - failed, failed, unchanged, gone, &sink);
    sink.finish(gone)
}

/// What flags need of each other. Not left to the command line's parser, for which what the configuration file says is
/// not said.
fn check(args: &Scan) -> Result<(), Failure> {
    let needs = |flag: &str, wanted: bool, other: &str, there: bool| match wanted && !there {
        true => {
            Err(Failure::usage(format!("{flag} needs {other}")).hint("`analyzer scan --help` has examples"))
        }
        false => Ok(()),
    };
    let out = args.out.is_some();
    // Standard output gets JSON lines anyway.
    let other = args.format.is_some_and(|format| format != TableFormat::Jsonl);
    needs("--format", other, "--out FILE", out)?;
    needs("--keep-missing", args.keep_missing, "--out FILE", out)?;
    needs("--merge", args.merge, "--out FILE", out)?;
    needs(
        "--apply",
        args.apply,
        "--write-tags STYLE",
        args.write_tags.is_some(),
    )?;
    needs(
        "scan",
        true,
        "a PATH, or --from FILE",
        !args.paths.is_empty() || args.from.is_some(),
    )
}

/// What a row must be to be kept as it is.
struct Wanted<'a> {
    model: &'a str,
    decoder: Choice,
    curves: bool,
    again: bool,
}

impl Wanted<'_> {
    /// Whether the decoder of a row is one that may be used. Rows of versions that named none may be of files heard in part.
    fn is_heard_by(&self, decoder: &str) -> bool {
        let builtin = decoder == Choice::Builtin.to_string();
        match self.decoder {
            Choice::Auto => true,
            Choice::Builtin => builtin,
            Choice::Ffmpeg => !builtin,
        }
    }

    /// Whether the row holds what scoring the file again would give. What failed is tried again: a file may become
    /// readable without changing.
    fn is_known(&self, row: Option<&Row>, found: &Found) -> bool {
        !self.again
            && row.is_some_and(|row| {
                let state = row.size.zip(row.mtime_ms);
                row.error.is_none()
                    && row.model.as_deref() == Some(self.model)
                    && row
                        .decoder
                        .as_deref()
                        .is_some_and(|decoder| self.is_heard_by(decoder))
                    && state.is_some()
                    && state == found.state.as_ref().ok().copied()
                    && (row.curve.is_some() || !self.curves)
            })
    }
}

/// How many files were done, and how many of them could not be scored.
struct Scored {
    done: usize,
    failed: usize,
}

fn score(
    args: &Scan,
    load: &(dyn Fn() -> Result<Model, Failure> + Sync),
    model: &Model,
    due: &[&Found],
    control: &Control,
    sink: &mut Sink,
) -> Result<Scored, Failure> {
    let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let work = Work {
        model: model.clone(),
        load,
        jobs: args.jobs.map_or_else(cores, NonZeroUsize::get),
        decoder: args.decoder,
        curves: args.curves,
        control,
    };
    let mut progress = Progress::new(due);
    let (mut done, mut failed) = (0, 0);
    let result = work.run(due, |found, row| {
        done += 1;
        failed += usize::from(row.error.is_some());
        progress.done(found, &row);
        if !sink.take(row)? {
            control.stop(); // Nobody reads any more.
        }
        Ok(())
    });
    progress.end();
    result.map(|()| Scored { done, failed })
}

/// Where rows go: a table by way of its journal, or standard output.
pub(crate) struct Sink {
    to: Option<(Table, Journal)>,
    /// All that is known: what the table and its journal held, and what was scored since.
    pub(crate) rows: Rows,
    changed: bool,
    /// Whether standard output is still read.
    heard: bool,
}

impl Sink {
    fn open(out: Option<Table>) -> Result<Self, Failure> {
        let mut rows = Rows::new();
        let mut changed = false;
        let to = match out {
            Some(table) => {
                // The lock first: nobody else changes the table from here on.
                let (journal, left) = Journal::open(&table.path)?;
                table.clear();
                changed = !left.is_empty() || !table.path.exists();
                let all = table.read()?.into_iter().chain(left);
                rows.extend(all.map(|row| (row.path.clone(), row)));
                Some((table, journal))
            }
            None => None,
        };
        Ok(Self {
            to,
            rows,
            changed,
            heard: true,
        })
    }

    /// Takes a row; `false` where nobody reads any more.
    pub(crate) fn take(&mut self, row: Row) -> Result<bool, Failure> {
        if self.to.is_none() {
            let line =
                serde_json::to_string(&row).map_err(|error| Failure::failed(format!("JSON: {error}")))?;
            let line = shown_json(&line) + "\n";
            let mut out = io::stdout().lock();
            self.heard &= written(out.write_all(line.as_bytes()).and_then(|()| out.flush()))?;
        }
        self.keep(row)?;
        Ok(self.heard)
    }

    /// Keeps a row for the table. Alone, it is for one whose file has changed, but not its values: whoever reads rows has it
    /// already.
    pub(crate) fn keep(&mut self, row: Row) -> Result<(), Failure> {
        if let Some((_, journal)) = &mut self.to {
            journal.add(&row)?;
        }
        self.changed = true;
        self.rows.insert(row.path.clone(), row);
        Ok(())
    }

    /// Writes the table, if there is anything new in it.
    fn finish(self, gone: usize) -> Result<(), Failure> {
        let Some((table, journal)) = self.to else {
            return Ok(());
        };
        if self.changed || gone > 0 {
            let rows: Vec<_> = self.rows.values().collect();
            table.write(&rows)?;
        }
        journal.remove()
    }
}

fn stopped(done: usize, all: usize, sink: &Sink) -> Failure {
    let failure = Failure::failed(format!("stopped after {done} of {all} tracks"));
    match &sink.to {
        Some((table, _)) => failure.hint(format!(
            "they are kept beside {}: the same command goes on from here",
            table.path.display()
        )),
        None => failure,
    }
}

fn tell_end(scored: usize, failed: usize, unchanged: usize, gone: usize, sink: &Sink) {
    let Some((table, _)) = &sink.to else {
        return;
    };
    let mut text = format!("{scored} scored, {unchanged} unchanged");
    if gone > 0 {
        text += &format!(", {gone} gone");
    }
    if failed > 0 {
        text += &format!(", {failed} could not be scored (see the column `error`)");
    }
    notice(&format!(
        "{text}: {} rows in {}",
        sink.rows.len(),
        table.path.display()
    ));
}
