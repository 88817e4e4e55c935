//! The report as a document: one content, written as HTML and as Markdown.

pub(crate) mod html;
pub(crate) mod markdown;

use super::figures::Figure;

/// The whole report.
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) lead: Vec<String>,
    /// Large numbers and what they count.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) sections: Vec<Section>,
}

/// A part with a heading of its own.
pub(crate) struct Section {
    /// Target of links.
    pub(crate) id: String,
    pub(crate) title: String,
    /// Parts of a part have smaller headings and no entry in the contents.
    pub(crate) is_part: bool,
    pub(crate) blocks: Vec<Block>,
}

/// What a section is made of.
pub(crate) enum Block {
    Text(String),
    List(Vec<String>),
    Answer(Answer),
    Table(Table),
    Figure(Figure),
    /// Side by side where there is room.
    Beside(Vec<Block>),
    /// Small pictures, as many side by side as there is room for.
    Gallery(Vec<Figure>),
}

/// A question with its answer and the rule that gave it.
pub(crate) struct Answer {
    /// `RQ1`.
    pub(crate) name: &'static str,
    pub(crate) question: &'static str,
    pub(crate) answer: String,
    pub(crate) rule: String,
}

/// A table; each row has as many cells as there are columns.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) caption: String,
    /// Headings over several columns each; none at all, or all columns are covered.
    pub(crate) groups: Vec<(&'static str, usize)>,
    /// The first column holds names, all others numbers or short words.
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Row>,
    /// Below it.
    pub(crate) notes: Vec<String>,
}

/// A row of a table.
pub(crate) struct Row {
    /// Set off from the others.
    pub(crate) is_best: bool,
    pub(crate) cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Strong,
    Soft,
    Good,
    Bad,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::with(text, Tone::Plain)
    }

    pub(crate) fn with(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    /// Nothing to say here.
    pub(crate) fn dash() -> Self {
        Self::with("–", Tone::Soft)
    }
}

impl Row {
    pub(crate) fn new(cells: Vec<Cell>) -> Self {
        Self {
            is_best: false,
            cells,
        }
    }
}

impl Document {
    /// All figures in the order of the text.
    pub(crate) fn figures(&self) -> Vec<&Figure> {
        fn add<'a>(blocks: &'a [Block], figures: &mut Vec<&'a Figure>) {
            for block in blocks {
                match block {
                    Block::Figure(figure) => figures.push(figure),
                    Block::Gallery(gallery) => figures.extend(gallery),
                    Block::Beside(blocks) => add(blocks, figures),
                    _ => {}
                }
            }
        }
        let mut figures = Vec::new();
        self.sections
            .iter()
            .for_each(|section| add(&section.blocks, &mut figures));
        figures
    }
}
