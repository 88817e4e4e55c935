//! Listening: from the flags to an input, a model, and the outputs.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use echometer_engine::{Model, ModelFiles};
use echometer_meters::Record;

use crate::analysis::{self, Event, Options};
use crate::cli::{self, Format, Inference, Live};
use crate::control::Control;
use crate::failure::Failure;
use crate::outputs::fan::Fan;
use crate::outputs::{self, About};
use crate::sources;

/// Events on their way to the outputs. Bounded, so that a fast file waits for a slow reader.
const EVENTS: usize = 256;

/// Listens until the input ends or the user leaves.
pub(crate) fn run(args: &Live) -> Result<(), Failure> {
    let window = args.window && !args.once;
    let screen = !window && outputs::is_terminal(args.format)?;
    let meters = screen && !args.once;
    // Log lines would tear the meters apart, unless they go elsewhere.
    cli::init_logs(args.verbose, !meters || !io::stderr().is_terminal());
    sources::devices::quieten();
    if args.list_devices {
        return sources::devices::print_list();
    }
    if args.format == Format::None && !window && !args.sends() && args.csv.is_none() {
        return Err(
            Failure::usage("--format none shows nothing, and nothing else is asked for")
                .hint("add --csv, --osc, --midi or --serve, or leave it out"),
        );
    }
    let input = sources::open(args)?;
    let model = load(&args.inference, false)?;
    let about = About::new(&model, args.inference.device, input.title(), args.verbose > 0);
    if let Some(news) = about.news().filter(|_| !meters && !window) {
        outputs::notice(&news);
    }
    let further = outputs::further(args, &about)?;
    let control = Arc::new(Control::default());
    control.end_on_signals()?;
    let options = Options {
        reading_hz: args.rate,
        once: args.once,
        // JSON lines of a whole input end with its last window.
        whole: args.once || meters,
        paced: args.realtime
            || ((meters || window || (args.serve.is_wanted() && !args.once)) && input.is_demo()),
        frames: window,
    };
    let (sender, events) = mpsc::sync_channel(EVENTS);
    for greeting in further.iter().filter_map(|output| output.greeting()) {
        // There is room, and the receiver is here.
        let _ = sender.send(Event::Notice(greeting));
    }
    if input.is_file() && !options.paced && !args.once && args.sends() {
        let told = "the file goes as fast as it can, and outputs end with it; --realtime takes it at the speed it would play";
        let _ = sender.send(Event::Notice(told.into()));
    }
    let title = input.title();
    let record = Record::of(&model.card().front_end);
    let compares = model.clone();
    let theirs = Arc::clone(&control);
    let to_the_end = Arc::new(AtomicBool::new(false));
    let reached = Arc::clone(&to_the_end);
    // Never joined: it may be waiting for a silent standard input, and the process may end without it.
    thread::Builder::new()
        .name("analysis".into())
        .spawn(move || {
            let ended = analysis::run(&model, input, &options, &theirs, &sender);
            reached.store(ended.as_ref().is_ok_and(|end| *end), Ordering::Release);
            let _ = sender.send(Event::Ended(ended.map(drop)));
        })
        .map_err(|error| Failure::failed(format!("the analysis thread could not start: {error}")))?;
    let mut fan = Fan::start(
        events,
        further,
        args.once,
        args.format != Format::None || window,
        &control,
    )?;
    let shown = match (screen, args.once) {
        _ if window => show_window(&about, compares, record, fan.take_events(), &control),
        _ if args.format == Format::None => outputs::none(&about, &fan.events, &control, args.once),
        (true, false) => outputs::terminal::run(&about, &fan.events, &control),
        (true, true) => outputs::table::run(&about, &fan.events, &control),
        (false, once) => {
            let chosen = args.format == Format::Auto;
            outputs::jsonl::run(&about, &fan.events, &control, once, chosen)
        }
    };
    // The face may have been left before the input ended.
    control.stop();
    shown.and(fan.finish())?;
    if args.once && control.is_interrupted() && !to_the_end.load(Ordering::Acquire) {
        return Err(Failure::failed(format!(
            "{title}: stopped before its end, so there is no reading of it"
        ))
        .hint("--once hears the whole input first; without it there are readings as it goes"));
    }
    Ok(())
}

#[cfg(feature = "window")]
use outputs::window::run as show_window;

/// Tells that this program has no windows.
#[cfg(not(feature = "window"))]
fn show_window(
    _: &About,
    _: Model,
    _: Record,
    _: mpsc::Receiver<Event>,
    _: &Arc<Control>,
) -> Result<(), Failure> {
    Err(
        Failure::usage("--window: this analyzer was built without windows")
            .hint("build it with its feature `window`, or use --serve and a browser"),
    )
}

/// The model that is asked for, ready to run; `ahead` for input that need not be waited for.
pub(crate) fn load(wanted: &Inference, ahead: bool) -> Result<Model, Failure> {
    let files = match &wanted.model {
        Some(folder) => ModelFiles::read(folder).map_err(|error| {
            Failure::failed(format!("model {}: {error}", folder.display()))
                .hint("--model takes a folder with card.json and the files it names; leave it out for the built-in model")
        })?,
        None => echometer_models::default_model(),
    };
    let load = if ahead { Model::load_ahead } else { Model::load };
    let model = load(&files, wanted.device)
        .map_err(|error| Failure::failed(format!("the model cannot be used: {error}")))?;
    tracing::info!(
        model = model.title(),
        backend = model.runtime().name(),
        why = model.runtime().note()
    );
    Ok(model)
}
