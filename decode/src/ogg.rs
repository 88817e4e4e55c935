//! How an Ogg file ends: its container reader takes the last page that is there for the last that there was.

use std::io;

use crate::input::Input;

/// The longest page, with its header.
const LONGEST_PAGE: u64 = 27 + 255 + 255 * 255;
/// Bytes of a page's header before its table of sizes.
const HEADER: usize = 27;
/// Where the flags are, and the one of a stream's last page.
const FLAGS: usize = 5;
const LAST: u8 = 4;

/// What is said of a stream that ends without a last page.
pub(crate) const OPEN: &str = "it may be cut off: no page says that it is the last";

/// What is wrong with the end of a file that begins where the input is; the input stays there. Nothing is known of a stream.
pub(crate) fn end(input: &mut Input) -> io::Result<Option<&'static str>> {
    let (start, Some(length)) = (input.at(), input.length()) else {
        return Ok(None);
    };
    input.go_to(length.saturating_sub(2 * LONGEST_PAGE).max(start))?;
    let said = judge(input.peek(2 * LONGEST_PAGE as usize)?);
    input.go_to(start)?;
    Ok(said)
}

fn judge(tail: &[u8]) -> Option<&'static str> {
    const CUT: Option<&str> = Some("it is cut off: its last page is not whole");
    let at = memchr::memmem::rfind(tail, b"OggS");
    let Some(page) = at.map(|at| &tail[at..]) else {
        return Some(OPEN);
    };
    let Some(table) = page
        .get(HEADER - 1)
        .and_then(|count| page.get(HEADER..HEADER + usize::from(*count)))
    else {
        return CUT;
    };
    let size = HEADER + table.len() + table.iter().map(|size| usize::from(*size)).sum::<usize>();
    match page.len() {
        there if there < size => CUT,
        _ if page[FLAGS] & LAST == 0 => Some(OPEN),
        _ => None,
    }
}
