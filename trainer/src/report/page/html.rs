//! The document as one HTML file that needs nothing else: no script, no font, no picture beside it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Answer, Block, Document, Section, Table, Tone};
use crate::report::figures::{Figure, palette, style};

/// The whole page.
pub(crate) fn page(document: &Document) -> String {
    let styles = format!("{}{}\n{}", palette::root(), include_str!("page.css"), style());
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (document.title) }
                style { (PreEscaped(styles)) }
            }
            body {
                header {
                    p.brand { "Echometer" }
                    h1 { (document.title) }
                    @for lead in &document.lead { p.lead { (lead) } }
                    dl.facts {
                        @for (value, label) in &document.facts {
                            div { dd { (value) } dt { (label) } }
                        }
                    }
                    nav {
                        @for section in document.sections.iter().filter(|section| !section.is_part) {
                            a href={ "#" (section.id) } { (section.title) }
                        }
                    }
                }
                main { @for part in &document.sections { (section(part)) } }
            }
        }
    };
    markup.into_string()
}

fn section(section: &Section) -> Markup {
    html! {
        section id=(section.id) class=[section.is_part.then_some("part")] {
            @if section.is_part { h3 { (section.title) } } @else { h2 { (section.title) } }
            @for part in &section.blocks { (block(part)) }
        }
    }
}

fn block(part: &Block) -> Markup {
    html! {
        @match part {
            Block::Text(text) => p { (text) },
            Block::List(items) => ul { @for item in items { li { (item) } } },
            Block::Answer(part) => (answer(part)),
            Block::Table(part) => (table(part)),
            Block::Figure(part) => (figure(part)),
            Block::Beside(parts) => div.beside { @for part in parts { (block(part)) } },
            Block::Gallery(figures) => div.gallery { @for part in figures { (figure(part)) } },
        }
    }
}

fn answer(part: &Answer) -> Markup {
    html! {
        article.answer {
            p.question { b { (part.name) } " " (part.question) }
            p.verdict { (part.answer) }
            p.rule { b { "Rule. " } (part.rule) }
        }
    }
}

fn figure(part: &Figure) -> Markup {
    let class = if part.width > 600.0 { "wide" } else { "small" };
    html! {
        figure class=(class) {
            div.picture { (part.inline()) }
            figcaption { (part.caption) }
        }
    }
}

fn tone(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Strong => Some("strong"),
        Tone::Soft => Some("soft"),
        Tone::Good => Some("good"),
        Tone::Bad => Some("bad"),
    }
}

fn table(part: &Table) -> Markup {
    html! {
        div.table {
            div.scroll {
                table {
                    caption { (part.caption) }
                    thead {
                        @if !part.groups.is_empty() {
                            tr.groups {
                                @for (title, columns) in &part.groups { th colspan=(columns) class=[(*columns == 1).then_some("one")] { (title) } }
                            }
                        }
                        tr { @for title in &part.columns { th scope="col" { (title) } } }
                    }
                    tbody {
                        @for row in &part.rows {
                            tr class=[row.is_best.then_some("best")] {
                                @for (i, cell) in row.cells.iter().enumerate() {
                                    @if i == 0 { th scope="row" class=[tone(cell.tone)] { (cell.text) } }
                                    @else { td class=[tone(cell.tone)] { (cell.text) } }
                                }
                            }
                        }
                    }
                }
            }
            @for note in &part.notes { p.note { (note) } }
        }
    }
}
