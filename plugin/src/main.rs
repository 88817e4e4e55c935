//! The plugin as a program of its own.

use std::process::ExitCode;

use echometer_engine::QUIET_VARIABLE;
use echometer_plugin::Echometer;
use nice_plug::prelude::nice_export_standalone;

#[allow(unsafe_code)] // Only to change the environment.
fn main() -> ExitCode {
    // SAFETY: nothing else of this program has run yet, so there is no other thread that could look at the environment.
    unsafe { std::env::set_var(QUIET_VARIABLE, "1") };
    if nice_export_standalone::<Echometer>() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
