//! As `trainer/src/data`.

#[path = "../../../../trainer/src/data/row.rs"]
pub(crate) mod row;
#[path = "../../../../trainer/src/data/source.rs"]
pub(crate) mod source;
pub(crate) mod sources;
