//! The plugin as a program of its own.

use std::process::ExitCode;

use echometer_engine::QUIET;
use echometer_plugin::Echometer;
use nice_plug::prelude::nice_export_standalone;

fn main() -> ExitCode {
    #[expect(unsafe_code, reason = "the environment is changed")]
    // SAFETY: no other thread looks at the environment, for there is none yet: what is linked starts none before `main`.
    unsafe {
        std::env::set_var(QUIET.0, QUIET.1);
    }
    if nice_export_standalone::<Echometer>() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
