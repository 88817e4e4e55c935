//! The sheet of settings: model, controllers, OSC.

use std::path::PathBuf;

use echometer_automation::OscSender;
use echometer_engine::ModelFiles;
use echometer_engine::model::sha256_hex;
use echometer_meters::panel::dialog;
use echometer_meters::{ORDER, label};
use egui::{DragValue, Grid, RichText, TextEdit, Ui};
use nice_plug::prelude::{BoolParam, IntParam, Param, ParamSetter};

use super::set;
use crate::params::{CustomModel, EchometerParams, ModelSource};
use crate::station::Station;

/// The sheet and what is being typed into it.
#[derive(Default)]
pub(super) struct Settings {
    open: bool,
    folder: String,
    target: String,
    /// What is wrong with what was typed.
    wrong: Option<String>,
}

impl Settings {
    pub(super) fn toggle(&mut self, params: &EchometerParams) {
        self.open = !self.open;
        self.folder = params.custom.get().folder.display().to_string();
        self.target = params.osc_target.get();
        self.wrong = None;
    }

    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        params: &EchometerParams,
        station: &Station,
        setter: &ParamSetter<'_>,
    ) {
        let mut open = self.open;
        dialog(ui, "Settings", &mut open, |ui| {
            self.model(ui, params, station, setter);
            ui.separator();
            controllers(ui, params, setter);
            ui.separator();
            self.osc(ui, params, setter);
            if let Some(wrong) = &self.wrong {
                ui.separator();
                ui.label(RichText::new(wrong).color(ui.visuals().error_fg_color));
            }
        });
        self.open = open;
    }

    fn model(&mut self, ui: &mut Ui, params: &EchometerParams, station: &Station, setter: &ParamSetter<'_>) {
        ui.strong("Model");
        ui.horizontal(|ui| {
            let source = params.model.value();
            for (one, name) in [(ModelSource::Default, "Default"), (ModelSource::Custom, "Custom")] {
                let known = one == ModelSource::Default || !params.custom.get().folder.as_os_str().is_empty();
                let button = ui.add_enabled(known, egui::Button::selectable(source == one, name));
                if button.clicked() && source != one {
                    set(setter, &params.model, one);
                }
            }
        });
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.folder).hint_text("folder with card.json");
            ui.add(field.desired_width(260.0));
            if ui.button("Load").clicked() {
                self.load(params, station, setter);
            }
        });
    }

    /// Takes the folder over if there is a model in it; its graphs are checked when it is loaded.
    fn load(&mut self, params: &EchometerParams, station: &Station, setter: &ParamSetter<'_>) {
        let folder = PathBuf::from(self.folder.trim());
        match ModelFiles::read(&folder) {
            Ok(files) => {
                self.wrong = None;
                station.load_anew();
                params.custom.put(CustomModel {
                    folder,
                    sha256: sha256_hex(&files.card),
                });
                params.touch();
                set(setter, &params.model, ModelSource::Custom);
            }
            Err(error) => self.wrong = Some(error.to_string()),
        }
    }

    fn osc(&mut self, ui: &mut Ui, params: &EchometerParams, setter: &ParamSetter<'_>) {
        ui.strong("Open Sound Control");
        ui.horizontal(|ui| {
            switch(ui, setter, &params.osc, "Send to");
            let field = ui.add(TextEdit::singleline(&mut self.target).desired_width(200.0));
            if field.lost_focus() && self.target != params.osc_target.get() {
                match OscSender::new(&self.target) {
                    Ok(_) => {
                        self.wrong = None;
                        params.osc_target.put(self.target.clone());
                        params.touch();
                    }
                    Err(error) => self.wrong = Some(error.to_string()),
                }
            }
        });
    }
}

fn controllers(ui: &mut Ui, params: &EchometerParams, setter: &ParamSetter<'_>) {
    ui.strong("MIDI controllers");
    ui.horizontal(|ui| {
        switch(ui, setter, &params.midi, "Send");
        ui.label("channel");
        number(ui, setter, &params.channel);
        ui.label("rate");
        number(ui, setter, &params.rate);
        ui.label("Hz");
    });
    Grid::new("controllers")
        .num_columns(4)
        .spacing([16.0, 4.0])
        .show(ui, |ui| {
            for (i, feature) in ORDER.into_iter().enumerate() {
                let cc = params.cc(feature);
                switch(ui, setter, &cc.on, label(feature));
                number(ui, setter, &cc.number);
                if i % 2 == 1 {
                    ui.end_row();
                }
            }
        });
}

fn switch(ui: &mut Ui, setter: &ParamSetter<'_>, param: &BoolParam, text: &str) {
    let mut on = param.value();
    if ui.checkbox(&mut on, text).changed() {
        set(setter, param, on);
    }
}

fn number(ui: &mut Ui, setter: &ParamSetter<'_>, param: &IntParam) {
    let range = param.preview_plain(0.0)..=param.preview_plain(1.0);
    let mut value = param.value();
    if ui.add(DragValue::new(&mut value).range(range)).changed() {
        set(setter, param, value);
    }
}
