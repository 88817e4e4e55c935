//! Batches prepared by several threads while the network computes, in a fixed order.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope};

use echometer_engine::Feature;
use tch::Tensor;

use crate::data::clips::Clip;

/// What a network is fed with, on the CPU.
pub(crate) struct Batch {
    /// `[batch, frames, mels]`.
    pub(crate) frames: Tensor,
    /// `[batch, features]`; zero where missing.
    pub(crate) labels: Tensor,
    /// `[batch, features]`: 1 where there is a label, else 0.
    pub(crate) mask: Tensor,
    /// Which clips they are.
    pub(crate) clips: Vec<usize>,
}

/// What a batch is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) features: &'a [Feature],
    pub(crate) frames: usize,
    pub(crate) mels: usize,
}

/// Batches that a thread has ready at most.
const AHEAD: usize = 2;

/// Gives the batches of `plan`, each a list of clips, in order. `threads` threads read and copy; they end with the scope, or
/// when the iterator is dropped.
pub(crate) fn batches<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    clips: &'env [Clip],
    plan: Vec<Vec<usize>>,
    shape: Shape<'env>,
    threads: usize,
) -> impl Iterator<Item = io::Result<Batch>> + use<'scope, 'env> {
    let threads = threads.clamp(1, plan.len().max(1));
    let mut shares: Vec<Vec<Vec<usize>>> = vec![Vec::new(); threads];
    let count = plan.len();
    for (i, batch) in plan.into_iter().enumerate() {
        shares[i % threads].push(batch);
    }
    let receivers: Vec<Receiver<_>> = shares
        .into_iter()
        .map(|share| {
            let (sender, receiver) = sync_channel(AHEAD);
            let work = move || serve(clips, share, shape, &sender);
            if let Err(error) = thread::Builder::new()
                .name("loader".into())
                .spawn_scoped(scope, work)
            {
                tracing::debug!("a loader thread could not start: {error}");
            }
            receiver
        })
        .collect();
    // Thread i mod n has batch i: the order never depends on who is faster.
    (0..count).map(move |i| {
        let lost = || io::Error::other("a loader thread ended early");
        receivers[i % receivers.len()]
            .recv()
            .unwrap_or_else(|_| Err(lost()))
    })
}

fn serve(clips: &[Clip], share: Vec<Vec<usize>>, shape: Shape<'_>, sender: &SyncSender<io::Result<Batch>>) {
    for batch in share {
        if sender.send(read(clips, batch, shape)).is_err() {
            return; // Nobody wants the rest.
        }
    }
}

fn read(clips: &[Clip], batch: Vec<usize>, shape: Shape<'_>) -> io::Result<Batch> {
    let count = batch.len();
    let mut values = Vec::with_capacity(count * shape.frames * shape.mels);
    let (mut labels, mut mask) = (Vec::new(), Vec::new());
    for &i in &batch {
        clips[i].fill(shape.frames, &mut values)?;
        for &feature in shape.features {
            let label = clips[i].labels[feature];
            labels.push(label.unwrap_or(0.0));
            mask.push(if label.is_some() { 1f32 } else { 0.0 });
        }
    }
    let table = |values: &[f32]| Tensor::from_slice(values).view([count as i64, -1]);
    Ok(Batch {
        frames: Tensor::from_slice(&values).view([count as i64, shape.frames as i64, shape.mels as i64]),
        labels: table(&labels),
        mask: table(&mask),
        clips: batch,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use echometer_engine::PerFeature;
    use echometer_engine::frontend::FrontEndConfig;

    use super::*;
    use crate::data::cache::{Cache, MelFrames};
    use crate::data::clips::{self, Needs};
    use crate::data::row::Row;

    /// Clips of 1–1.6 s, whose energy is their number.
    fn make(folder: &std::path::Path) -> Vec<Clip> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 24_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let rows = (0..7).map(|i| {
            let path = folder.join(format!("{i}.wav"));
            let mut writer = hound::WavWriter::create(&path, spec).unwrap();
            for n in 0..24_000 + 2400 * i {
                writer.write_sample(((n * (7 + i)) % 2000) as i16).unwrap();
            }
            writer.finalize().unwrap();
            let mut row = Row::new(path, 0.0, "");
            row.labels[Feature::Energy] = Some(i as f32 / 10.0);
            row
        });
        let config = FrontEndConfig::live();
        let needs = Needs {
            features: &[Feature::Energy],
            frames: 1,
            mels: config.mels,
            frame_rate: config.frame_rate(),
        };
        let content = MelFrames {
            front_end: config,
            window_s: 2.0,
        };
        let mut cache = Cache::open(&folder.join("cache"), content).unwrap();
        let loaded = clips::load(rows.collect(), needs, &mut cache, &AtomicBool::new(false));
        loaded.unwrap().unwrap().clips
    }

    #[test]
    fn any_number_of_threads_gives_the_same_batches() {
        let folder = tempfile::tempdir().unwrap();
        let clips = make(folder.path());
        let shape = Shape {
            features: &[Feature::Energy, Feature::Valence],
            frames: 100,
            mels: 80,
        };
        let plan = vec![vec![6, 0], vec![1, 2], vec![3], vec![5, 4]];
        let read = |threads| -> Vec<Batch> {
            std::thread::scope(|scope| {
                let batches = batches(scope, &clips, plan.clone(), shape, threads);
                batches.collect::<io::Result<_>>().unwrap()
            })
        };
        let one = read(1);
        assert_eq!(
            one.iter().map(|batch| batch.clips.clone()).collect::<Vec<_>>(),
            plan
        );
        assert_eq!(one[0].frames.size(), [2, 100, 80]);
        assert_eq!(
            Vec::<f32>::try_from(one[0].labels.view([-1])).unwrap(),
            [0.6, 0.0, 0.0, 0.0]
        );
        assert_eq!(
            Vec::<f32>::try_from(one[0].mask.view([-1])).unwrap(),
            [1.0, 0.0, 1.0, 0.0]
        );
        for threads in [2, 3, 9] {
            for (a, b) in one.iter().zip(read(threads)) {
                assert_eq!(a.clips, b.clips);
                assert_eq!(a.frames, b.frames);
            }
        }
        // A clip shorter than the window is silence before its sound.
        let short = one[0].frames.get(1);
        let sound = clips[0].whole().unwrap();
        let silence = 100 - clips[0].len();
        assert!(silence > 0);
        assert_eq!(short.narrow(0, 0, silence).abs().max().double_value(&[]), 0.0);
        assert_eq!(short.narrow(0, silence, clips[0].len()), sound);
        assert_eq!(clips[0].labels, {
            let mut labels = PerFeature::default();
            labels[Feature::Energy] = Some(0.0);
            labels
        });
    }

    #[test]
    fn dropping_the_batches_ends_the_threads() {
        let folder = tempfile::tempdir().unwrap();
        let clips = make(folder.path());
        let shape = Shape {
            features: &[Feature::Energy],
            frames: 100,
            mels: 80,
        };
        std::thread::scope(|scope| {
            let mut batches = batches(scope, &clips, vec![vec![0]; 100], shape, 3);
            assert!(batches.next().is_some());
            drop(batches); // The scope would wait for ever for a thread that still wants to send.
        });
    }
}
