//! The audio side of the tap never allocates: checked by an allocator that counts what happens where it is forbidden.
#![cfg(debug_assertions)] // The checking allocator is inactive in release builds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The whole file is tests.

use assert_no_alloc::{AllocDisabler, assert_no_alloc, violation_count};
use echometer_engine::tap::{Block, tap};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// One test, because the count is the whole process's.
#[test]
fn pushing_never_allocates() {
    // The check itself must be able to fail.
    let planted = assert_no_alloc(|| vec![0u8; 64]);
    assert_eq!(planted.len(), 64);
    assert!(violation_count() > 0, "a planted allocation was not seen");
    assert_no_alloc::reset_violation_count();

    let mut block: Vec<f32> = (0..4096 * 64).map(|i| (i as f32 * 0.01).sin()).collect();
    block[3] = f32::NAN;
    block[4] = f32::INFINITY;
    block[5] = 1e-42;
    let planar: Vec<&[f32]> = block.chunks(4096).collect();
    for channels in [1u16, 2, 3, 5, 6, 8, 64] {
        let (mut tap, mut reader) = tap(channels, 8192).unwrap();
        let mut buffer = Block::default();
        for frames in [0, 1, 64, 511, 4096] {
            let interleaved = &block[..frames * usize::from(channels)];
            assert_no_alloc(|| {
                tap.push_interleaved(interleaved);
                tap.push_planar(&planar[..usize::from(channels)]);
                tap.push_with(frames, |frame, channel| (frame + channel) as f32);
                // The ring fills up: dropping a block must not allocate either.
                tap.push_interleaved(interleaved);
            });
            while reader.read(&mut buffer, 4096) > 0 {}
        }
        assert!(reader.counters().replaced_samples() > 0);
        assert!(reader.counters().dropped_blocks() > 0);
        assert_no_alloc(|| reader.counters().take_peak());
    }
    assert_eq!(violation_count(), 0, "the audio side allocated");
}
