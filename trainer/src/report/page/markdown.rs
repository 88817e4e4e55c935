//! The document as Markdown, with its figures as files in `plots/`.

use std::fmt::Write;

use super::{Block, Cell, Document, Table, Tone};
use crate::report::figures::Figure;

/// The whole text.
pub(crate) fn text(document: &Document) -> String {
    let mut out = format!("# {}\n", escape(&document.title));
    for lead in &document.lead {
        paragraph(&mut out, &escape(lead));
    }
    let facts: Vec<_> = document
        .facts
        .iter()
        .map(|(value, label)| format!("**{}** {}", escape(value), escape(label)))
        .collect();
    paragraph(&mut out, &facts.join(" · "));
    for section in &document.sections {
        let level = if section.is_part { "###" } else { "##" };
        paragraph(&mut out, &format!("{level} {}", escape(&section.title)));
        blocks(&mut out, &section.blocks);
    }
    out
}

fn blocks(out: &mut String, parts: &[Block]) {
    for part in parts {
        match part {
            Block::Text(text) => paragraph(out, &escape(text)),
            Block::List(items) => {
                let lines: Vec<_> = items.iter().map(|item| format!("- {}", escape(item))).collect();
                paragraph(out, &lines.join("\n"));
            }
            Block::Answer(part) => {
                paragraph(out, &format!("**{}** {}", part.name, escape(part.question)));
                paragraph(out, &format!("> **{}**", escape(&part.answer)));
                paragraph(out, &format!("*Rule.* {}", escape(&part.rule)));
            }
            Block::Table(part) => table(out, part),
            Block::Figure(part) => figure(out, part),
            Block::Beside(parts) => blocks(out, parts),
            Block::Gallery(figures) => figures.iter().for_each(|part| figure(out, part)),
        }
    }
}

fn paragraph(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\n{text}\n");
}

fn figure(out: &mut String, figure: &Figure) {
    let (title, caption) = (escape(&figure.title), escape(&figure.caption));
    paragraph(
        out,
        &format!("![{title}](plots/{}.svg)\n\n*{caption}*", figure.name),
    );
}

/// Markdown has no headings over several columns: theirs go before each column's own.
fn table(out: &mut String, table: &Table) {
    let groups = table
        .groups
        .iter()
        .flat_map(|(title, columns)| std::iter::repeat_n(*title, *columns));
    let mut groups: Vec<_> = groups.collect();
    groups.resize(table.columns.len(), "");
    let titles = table.columns.iter().zip(groups);
    let titles: Vec<_> = titles
        .map(|(column, group)| escape(format!("{group} {column}").trim()))
        .collect();
    let mut lines = vec![
        format!("| {} |", titles.join(" | ")),
        format!("|---|{}", "---:|".repeat(table.columns.len().saturating_sub(1))),
    ];
    for row in &table.rows {
        let cells: Vec<_> = row.cells.iter().map(|part| cell(part, row.is_best)).collect();
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    paragraph(out, &format!("**{}**", escape(&table.caption)));
    paragraph(out, &lines.join("\n"));
    table.notes.iter().for_each(|note| paragraph(out, &escape(note)));
}

fn cell(cell: &Cell, is_best: bool) -> String {
    let text = escape(&cell.text);
    match cell.tone {
        _ if text.is_empty() => text,
        Tone::Strong => format!("**{text}**"),
        _ if is_best => format!("**{text}**"),
        _ => text,
    }
}

/// Nothing from a file becomes markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::Row;

    #[test]
    fn text_from_files_stays_text() {
        assert_eq!(escape("a|b <i>\n*c*"), "a\\|b &lt;i&gt; \\*c\\*");
    }

    #[test]
    fn a_table_has_one_heading_a_column() {
        let table = Table {
            caption: "t".into(),
            groups: vec![("", 1), ("thesis", 1), ("ours", 1)],
            columns: vec!["model", "MSE", "MSE"],
            rows: vec![Row::new(vec![
                Cell::new("a"),
                Cell::with("1", Tone::Strong),
                Cell::dash(),
            ])],
            notes: Vec::new(),
        };
        let mut out = String::new();
        super::table(&mut out, &table);
        assert!(
            out.contains("| model | thesis MSE | ours MSE |\n|---|---:|---:|\n| a | **1** | – |"),
            "{out}"
        );
    }
}
