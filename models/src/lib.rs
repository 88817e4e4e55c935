//! The models Echometer ships, embedded in the binary, and three excerpts of music to try them on.
