//! Recipes: how the models that Echometer ships were made, each as one command.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::cli::Cli;
use crate::corpus;
use crate::training::rolling;

/// What `trainer recipe` is called with.
#[derive(Debug, Args)]
pub(crate) struct RecipeOptions {
    /// Which model
    recipe: Recipe,

    /// Manifest of the clips with Spotify's features
    #[arg(long, value_name = "DATA")]
    labelled: String,

    /// Clips without labels, given like --labelled; may be repeated. The open corpus is added to them
    #[arg(long, value_name = "DATA")]
    unlabelled: Vec<String>,

    /// Folder of the open corpus, whole, as `trainer corpus fetch` and then `trainer corpus mix` leave it [default: its usual
    /// place]
    #[arg(long, value_name = "DIR")]
    open: Option<PathBuf>,

    /// Folder with MSD_musicnn.onnx and MTT_musicnn.onnx
    #[arg(long, value_name = "DIR")]
    teachers: PathBuf,

    /// Folder for everything that is written. The same command goes on where it was stopped
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Where to compute: `auto`, `cpu` or `cuda:N`
    #[arg(long, default_value = "auto")]
    device: String,

    /// Makes the model in OUT again where it was made with other settings or clips, and loses what is there
    #[arg(long)]
    replace: bool,

    /// Only says which command the recipe stands for
    #[arg(long)]
    dry_run: bool,
}

/// The models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Recipe {
    /// The model that plugin and analyzer have inside
    Default,
}

/// What the default model was made with; see its MODEL_CARD.md.
const DEFAULT: &[&str] = &[
    "--features",
    "all",
    "--name",
    "echometer",
    "--model-version",
    "0.3.0",
    "--distil-epochs",
    "120",
    "--epochs",
    "60",
    "--batch",
    "16",
    "--learning-rate",
    "2e-3",
    "--folds",
    "5",
    "--seed",
    "1",
    "--data-note",
    "257 labelled and 499 unlabelled excerpts (15-30 s) of commercial recordings, not redistributed, labelled with Spotify's \
     features, 82 of them with a loudness label; freely licensed music from Debian packages",
];

/// Trains the model of a recipe.
pub(crate) fn cook(options: &RecipeOptions, stop: &AtomicBool) -> anyhow::Result<()> {
    let Recipe::Default = options.recipe;
    let path = |path: PathBuf| path.display().to_string();
    let mut arguments: Vec<_> = DEFAULT.iter().map(ToString::to_string).collect();
    let mut add = |flag: &str, value: String| arguments.extend([flag.to_owned(), value]);
    add("--data", options.labelled.clone());
    add("--teachers", path(options.teachers.clone()));
    for unlabelled in &options.unlabelled {
        add("--unlabelled", unlabelled.clone());
    }
    add(
        "--unlabelled",
        path(corpus::manifest_path(options.open.as_deref())?),
    );
    add("--weak", path(corpus::assumptions_path(options.open.as_deref())?));
    add("--detect", path(corpus::made_path(options.open.as_deref())?));
    add("--out", path(options.out.clone()));
    add("--device", options.device.clone());
    if options.replace {
        arguments.push("--replace".into());
    }
    let quoted = arguments.iter().map(|argument| match argument.contains(' ') {
        true => format!("\"{argument}\""),
        false => argument.clone(),
    });
    println!("trainer {}", quoted.collect::<Vec<_>>().join(" "));
    if options.dry_run {
        return Ok(());
    }
    let cli = Cli::try_read(std::iter::once("trainer".to_owned()).chain(arguments))?;
    let training = cli.train.context("the recipe is a training")?;
    rolling::train(&training, stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_recipe_is_a_command() {
        let arguments = DEFAULT.iter().copied().chain(["--data", "a.csv", "--out", "b"]);
        let cli = Cli::try_read(std::iter::once("trainer").chain(arguments)).unwrap();
        assert!(cli.train.is_some());
    }
}
