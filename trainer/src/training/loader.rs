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
            if let Err(error) = thread::Builder::new().name("loader".into()).spawn_scoped(scope, work) {
                tracing::debug!("a loader thread could not start: {error}");
            }
            receiver
        })
        .collect();
    // Thread i mod n has batch i: the order never depends on who is faster.
    (0..count).map(move |i| {
        let lost = || io::Error::other("a loader thread ended early");
        receivers[i % receivers.len()].recv().unwrap_or_else(|_| Err(lost()))
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
