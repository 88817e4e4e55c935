//! The configuration file: what flags say, under their long names. What the command line says wins.
//!
//! The command line's definition is the only list of keys: a new flag is a new key.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::OsStr;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};
use etcetera::BaseStrategy;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::failure::Failure;
use crate::shown::shown;

/// Flags that say what to do now, and are no settings.
const NO_KEYS: [&str; 5] = ["help", "version", "config", "no-config", "list-devices"];
/// Before the name of a switch, switches it off again where the file switches it on.
const NO: &str = "no-";
/// Subcommands whose flags have a table of their own in the file.
const TABLES: [&str; 1] = ["scan"];

/// What to do about a file that is wrong, besides making it right.
const WITHOUT: &str = "--no-config does without the file, --config FILE takes another one";

/// A configuration file, read but not yet understood.
pub(super) struct File {
    path: PathBuf,
    text: String,
}

/// Where the file is unless `--config` says otherwise.
fn default_path() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join("echometer").join("analyzer.toml"))
}

/// The file that --config names, or the default one, there or not; `None` where this system has no folder for it.
pub(super) fn place(named: Option<&Path>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(default_path)
}

/// The file that the flags name, or the default one if it is there.
pub(super) fn find(named: Option<&Path>) -> Result<Option<File>, Failure> {
    let Some(path) = place(named) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(File { path, text })),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::usage(format!(
            "the configuration file {} cannot be read: {error}",
            path.display()
        ))
        .hint("--config names another one, --no-config does without; `analyzer config --write` makes one to begin with")),
    }
}

/// The flags of `command` that are keys of the file.
fn keys(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let named = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_long()?, arg)));
    named.filter(|(key, arg)| !NO_KEYS.contains(key) && !arg.is_hide_set())
}

/// Adds to each switch a hidden one that undoes it.
pub(super) fn with_undoing(mut command: Command) -> Command {
    let switches: Vec<_> = keys(&command)
        .filter(|(_, arg)| matches!(arg.get_action(), ArgAction::SetTrue))
        .map(|(key, arg)| (format!("{NO}{key}"), arg.get_id().clone()))
        .collect();
    for (undoing, switch) in switches {
        command = command.arg(
            Arg::new(undoing.clone())
                .long(undoing)
                .action(ArgAction::SetTrue)
                .overrides_with(switch)
                .hide(true),
        );
    }
    command
}

impl File {
    /// Makes what the file says the defaults of `command`, except what `given` undoes.
    pub(super) fn apply(&self, command: Command, given: &ArgMatches) -> Result<Command, Failure> {
        let document = DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = self.text.get(..at).unwrap_or_default();
            let line = self
                .text
                .lines()
                .nth(before.matches('\n').count())
                .unwrap_or_default();
            self.wrong(at, &format!("{}: `{}`", error.message(), line.trim()))
        })?;
        let mut changed = command.clone();
        for (key, value) in document.get_ref() {
            let name = key.get_ref().as_ref();
            let Some(table) = value.get_ref().as_table().filter(|_| TABLES.contains(&name)) else {
                let defaults = self.defaults(&command, key, value, given)?;
                // `analyzer config` takes the same flags.
                changed = set(changed, name, &defaults);
                changed = changed.mut_subcommand("config", |config| set(config, name, &defaults));
                continue;
            };
            let Some(subcommand) = command.find_subcommand(name) else {
                continue;
            };
            for (key, value) in table {
                let defaults = self.defaults(subcommand, key, value, given)?;
                changed =
                    changed.mut_subcommand(name, |subcommand| set(subcommand, key.get_ref(), &defaults));
            }
        }
        Ok(changed)
    }

    /// What one key says, checked as the flag would be.
    fn defaults(
        &self,
        command: &Command,
        key: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
        given: &ArgMatches,
    ) -> Result<Vec<String>, Failure> {
        let name = key.get_ref().as_ref();
        let Some((_, arg)) = keys(command).find(|(known, _)| *known == name) else {
            let known: Vec<_> = keys(command).map(|(known, _)| known).collect();
            let failure = self.wrong(key.span().start, &format!("there is no key `{name}`"));
            return Err(failure.hint(format!("known keys: {}\n{WITHOUT}", known.join(", "))));
        };
        let at = value.span().start;
        let Some(mut texts) = texts(value.get_ref()) else {
            return Err(self.wrong(
                at,
                &format!("`{name}` must be a text, a number, true or false, or a list"),
            ));
        };
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            let Some(on) = value.get_ref().as_bool() else {
                return Err(self.wrong(at, &format!("`{name}` must be true or false")));
            };
            let given = given.subcommand().map_or(given, |(_, matches)| matches);
            let undone = format!("{NO}{name}");
            let undone = given.try_get_one::<bool>(&undone).ok().flatten() == Some(&true);
            return Ok(if on && !undone { texts } else { Vec::new() });
        }
        if let Some(delimiter) = arg.get_value_delimiter() {
            texts = texts
                .iter()
                .flat_map(|text| text.split(delimiter))
                .map(str::to_owned)
                .collect();
        }
        if texts.len() != 1 && !matches!(arg.get_action(), ArgAction::Append) {
            let said = format!("`{name}` takes one value, but here are {}", texts.len());
            return Err(self.wrong(at, &said));
        }
        if matches!(arg.get_action(), ArgAction::Count) {
            let count = texts.first().and_then(|text| text.parse::<u8>().ok());
            return match count {
                Some(_) => Ok(texts),
                None => Err(self.wrong(at, &format!("`{name}` must be a number: how often it is said"))),
            };
        }
        let words = texts.iter().map(|text| format!("--{name}={text}"));
        let line = ["analyzer".to_owned()].into_iter().chain(words);
        // Other flags may be missing or forbidden beside it; here only its own value counts.
        match command.clone().try_get_matches_from(line) {
            Err(error) if is_about_a_value(error.kind()) => {
                let text = error.to_string();
                let said = text.split("\n\n").next().unwrap_or_default();
                Err(self.wrong(at, said.trim_start_matches("error: ")))
            }
            _ => Ok(texts),
        }
    }

    /// Wrong usage at a byte of the file, told as a line.
    fn wrong(&self, at: usize, what: &str) -> Failure {
        let line = 1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        Failure::usage(format!("{}:{line}: {what}", self.path.display())).hint(WITHOUT)
    }
}

fn is_about_a_value(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidValue
            | ErrorKind::ValueValidation
            | ErrorKind::WrongNumberOfValues
            | ErrorKind::TooManyValues
            | ErrorKind::TooFewValues
            | ErrorKind::NoEquals
    )
}

/// `command` with these defaults for the flag called `key`; as it was if there are none.
fn set(command: Command, key: &str, defaults: &[String]) -> Command {
    let found = keys(&command).find(|(known, _)| *known == key);
    let Some(id) = found
        .map(|(_, arg)| arg.get_id().clone())
        .filter(|_| !defaults.is_empty())
    else {
        return command;
    };
    command.mut_arg(id, |arg| arg.default_values(defaults.iter().map(OsStr::from)))
}

/// A value in the words of the command line; `None` for what has none.
fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    Some(match value {
        DeValue::String(text) => vec![text.to_string()],
        DeValue::Integer(number) if number.radix() == 10 => vec![number.as_str().to_owned()],
        DeValue::Float(number) => vec![number.as_str().to_owned()],
        DeValue::Boolean(on) => vec![on.to_string()],
        DeValue::Array(values) => {
            let texts: Option<Vec<_>> = values.iter().map(|value| texts(value.get_ref())).collect();
            texts?.concat()
        }
        _ => return None,
    })
}

/// What is in effect, as a file that says the same: keys that say nothing are comments. `command` is the definition, `changed` what
/// the file made of it, and `given` are the flags.
pub(super) fn print(command: &Command, changed: &Command, given: &ArgMatches) -> Result<String, Failure> {
    let mut text = String::from("# What the analyzer does unless its flags say otherwise.\n");
    if let Some(path) = default_path() {
        let _ = writeln!(
            text,
            "# It is read from {}, or from where --config says.",
            shown(&path.display().to_string())
        );
    }
    print_keys(&mut text, command, given);
    for name in TABLES {
        let [subcommand, said] = [command, changed].map(|command| command.find_subcommand(name));
        let (Some(subcommand), Some(said)) = (subcommand, said) else {
            continue;
        };
        // What the file says is its default.
        let said = said.clone().no_binary_name(true);
        let given = said
            .try_get_matches_from([""; 0])
            .map_err(|error| Failure::usage(format!("[{name}] in the configuration file: {error}")))?;
        let about = subcommand
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = write!(text, "\n\n# {about}\n[{name}]\n");
        print_keys(&mut text, subcommand, &given);
    }
    Ok(text)
}

fn print_keys(text: &mut String, command: &Command, given: &ArgMatches) {
    for (key, arg) in keys(command) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, "\n# {help}");
        let choices = arg.get_possible_values();
        let choices: Vec<_> = choices.iter().map(|choice| choice.get_name()).collect();
        // A switch needs no list of true and false.
        if arg.get_action().takes_values() && !choices.is_empty() {
            let _ = write!(text, " ({})", choices.join(", "));
        }
        text.push('\n');
        let id = arg.get_id().as_str();
        let said: Vec<_> = given
            .get_raw(id)
            .unwrap_or_default()
            .map(|raw| raw.to_string_lossy().into_owned())
            .collect();
        let line = match arg.get_action() {
            ArgAction::SetTrue => format!("{key} = {}", given.get_flag(id)),
            ArgAction::Count => format!("{key} = {}", given.get_count(id)),
            ArgAction::Append if said.is_empty() => format!("# {key} = []"),
            ArgAction::Append => {
                let list: Vec<_> = said.iter().map(|text| written(text, arg)).collect();
                format!("{key} = [{}]", list.join(", "))
            }
            _ => match said.first() {
                Some(text) => format!("{key} = {}", written(text, arg)),
                None => {
                    let names = arg.get_value_names().unwrap_or_default();
                    format!("# {key} = {}", names.first().map_or("", |name| name.as_str()))
                }
            },
        };
        let _ = writeln!(text, "{line}");
    }
}

/// A value as TOML writes it.
fn written(text: &str, arg: &Arg) -> String {
    let parser = arg.get_value_parser().type_id();
    let number = parser == std::any::TypeId::of::<f64>()
        || parser == std::any::TypeId::of::<u8>()
        || parser == std::any::TypeId::of::<u16>()
        || parser == std::any::TypeId::of::<u32>()
        || parser == std::any::TypeId::of::<std::num::NonZeroUsize>();
    // Rust takes numbers that TOML does not, such as .5 and 07: those are texts in the file.
    let plain = DeValue::parse(text).is_ok_and(|value| match value.get_ref() {
        DeValue::Integer(number) => number.as_str() == text,
        DeValue::Float(number) => number.as_str() == text,
        _ => false,
    });
    if number && plain {
        text.to_owned()
    } else {
        toml::Value::from(text).to_string()
    }
}
