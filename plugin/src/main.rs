//! The plugin as a program of its own.

use std::process::ExitCode;

use echometer_plugin::Echometer;
use nice_plug::prelude::nice_export_standalone;

fn main() -> ExitCode {
    if nice_export_standalone::<Echometer>() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
