//! Where to compute, and what to say when that fails.

use std::fmt;
use std::str::FromStr;
use std::thread;

use anyhow::bail;

use crate::panics;

/// A device as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    Auto,
    Cpu,
    Cuda(usize),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("`{text}`, but must be auto, cpu or cuda:N")),
        }
    }
}

impl Device {
    /// The device for libtorch, if it is there.
    pub(crate) fn find(self) -> anyhow::Result<tch::Device> {
        let count = tch::Cuda::device_count();
        match self {
            Self::Cpu => Ok(tch::Device::Cpu),
            Self::Auto => Ok(tch::Device::cuda_if_available()),
            Self::Cuda(index) if tch::Cuda::is_available() && (index as i64) < count => {
                Ok(tch::Device::Cuda(index))
            }
            Self::Cuda(index) => bail!(
                "device cuda:{index} is not there: this libtorch sees {count} CUDA devices; use --device cpu"
            ),
        }
    }
}

/// Its name in files.
pub(crate) fn name(device: tch::Device) -> String {
    match device {
        tch::Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".into(),
    }
}

/// Sets libtorch's threads; 0 for one a core.
pub(crate) fn set_threads(threads: u32) {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads as usize,
    };
    tch::set_num_threads(i32::try_from(threads).unwrap_or(1));
}

/// Why libtorch gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Memory of the device or the machine.
    Memory(String),
    /// The device itself: nothing more will run on it.
    Lost(String),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(reason) | Self::Lost(reason) | Self::Other(reason) => f.write_str(reason),
        }
    }
}

/// Runs `compute`; what libtorch throws inside, which `tch` turns into panics, comes back as a fault.
///
/// It runs on a thread of its own: whether gradients are kept and whether precision is mixed are states of libtorch's
/// threads, which a panic leaves as they were inside, and the next run must not inherit them.
pub(crate) fn guard<T: Send>(compute: impl FnOnce() -> T + Send) -> Result<T, Fault> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("libtorch".into()).stack_size(STACK);
        let running = builder.spawn_scoped(scope, || panics::catch(compute));
        let running =
            running.map_err(|error| Fault::Other(format!("no thread could be started: {error}")))?;
        let ended = running
            .join()
            .unwrap_or_else(|_| Err("the thread ended in a panic".into()));
        ended.map_err(|message| fault(&message))
    })
}

/// Bytes of that thread's stack, as large as a main thread's.
const STACK: usize = 8 << 20;

/// Libtorch tells kinds of errors by their words alone.
fn fault(text: &str) -> Fault {
    let line = first_line(text);
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["out of memory", "can't allocate memory", "cannot allocate memory"]) {
        Fault::Memory(line)
    } else if has(&["cuda error", "cudnn_status", "device-side assert"]) {
        Fault::Lost(line)
    } else {
        Fault::Other(line)
    }
}

/// The sentence that libtorch begins with, without its C++ stack.
fn first_line(text: &str) -> String {
    let text = text.split("Torch(\"").last().unwrap_or(text);
    let end = text.find("\\n").or_else(|| text.find('\n')).unwrap_or(text.len());
    text[..end].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_apart() {
        let memory = "called `Result::unwrap()` on an `Err` value: Torch(\"CUDA out of memory. Tried to allocate 2 GiB\\nException raised\")";
        assert_eq!(
            fault(memory),
            Fault::Memory("CUDA out of memory. Tried to allocate 2 GiB".into())
        );
        let cpu = "Torch(\"[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9\")";
        assert!(matches!(fault(cpu), Fault::Memory(_)));
        assert!(matches!(
            fault("CUDA error: unspecified launch failure"),
            Fault::Lost(_)
        ));
        assert!(matches!(fault("shapes differ"), Fault::Other(_)));
    }

    #[test]
    fn what_libtorch_throws_is_caught() {
        let a = tch::Tensor::ones([2, 3], (tch::Kind::Float, tch::Device::Cpu));
        assert!(matches!(guard(move || a.matmul(&a)), Err(Fault::Other(_))));
        let huge = guard(|| tch::Tensor::ones([1 << 45], (tch::Kind::Float, tch::Device::Cpu)));
        assert!(matches!(huge, Err(Fault::Memory(_))), "{huge:?}");
    }

    #[test]
    fn a_fault_leaves_nothing_behind() {
        let ones = |shape: &[i64]| tch::Tensor::ones(shape, (tch::Kind::Float, tch::Device::Cpu));
        let broken = guard(|| tch::no_grad(|| tch::autocast(true, || ones(&[2, 3]).matmul(&ones(&[2, 3])))));
        assert!(broken.is_err());
        let trained = guard(|| {
            let weight = ones(&[2, 2]).set_requires_grad(true);
            weight.matmul(&ones(&[2, 2])).sum(tch::Kind::Float).backward();
            weight.grad().defined()
        });
        assert_eq!(trained, Ok(true));
    }
}
