//! Mixed precision: half-precision arithmetic where it is safe, with a loss scale that keeps gradients in range.

use tch::Tensor;

use super::optimiser::Optimiser;

/// What the network computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Precision {
    /// Mixed on CUDA, f32 on a CPU.
    Auto,
    /// 32-bit floats throughout.
    F32,
    /// Half precision in convolutions and matrix products, 32 bits elsewhere (Micikevicius et al. 2018); CUDA only.
    Mixed,
}

impl Precision {
    /// What is used on `device`; an error where it cannot be.
    pub(crate) fn on(self, device: tch::Device) -> Result<Self, String> {
        match (self, device.is_cuda()) {
            (Self::Auto, true) => Ok(Self::Mixed),
            (Self::Auto, false) => Ok(Self::F32),
            (Self::Mixed, false) => {
                Err("--precision mixed needs a CUDA device; on a CPU use f32 or auto".into())
            }
            (known, _) => Ok(known),
        }
    }

    /// Its name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Mixed => "mixed",
        }
    }

    /// Runs the network's arithmetic in this precision.
    pub(crate) fn run<T>(self, compute: impl FnOnce() -> T) -> T {
        match self {
            Self::Mixed => tch::autocast(true, compute),
            Self::Auto | Self::F32 => compute(),
        }
    }
}

/// The factor on the loss: doubled after a long run of finite gradients, halved on infinite ones, whose step is left out.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct LossScale {
    scale: f64,
    good: u32,
}

/// Steps with finite gradients until a larger scale is tried.
const PATIENCE: u32 = 2000;
const LARGEST: f64 = 16_777_216.0;

impl LossScale {
    pub(crate) fn new(precision: Precision) -> Self {
        let scale = if precision == Precision::Mixed {
            65_536.0
        } else {
            1.0
        };
        Self { scale, good: 0 }
    }

    /// One step of `optimiser` down the gradient of `loss`; left out where a gradient overflowed.
    pub(crate) fn step(&mut self, precision: Precision, optimiser: &mut Optimiser, loss: &Tensor, rate: f64) {
        optimiser.zero_grad();
        if precision != Precision::Mixed {
            loss.backward();
            optimiser.step(rate, 1.0);
            return;
        }
        (loss * self.scale).backward();
        if optimiser.gradient_norm().is_finite() {
            optimiser.step(rate, 1.0 / self.scale);
            self.good += 1;
            if self.good == PATIENCE {
                *self = Self {
                    scale: (self.scale * 2.0).min(LARGEST),
                    good: 0,
                };
            }
        } else {
            *self = Self {
                scale: (self.scale / 2.0).max(1.0),
                good: 0,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, nn};

    use super::super::optimiser::Method;
    use super::*;

    #[test]
    fn scaling_leaves_finite_steps_as_they_are_and_skips_infinite_ones() {
        let vars = nn::VarStore::new(Device::Cpu);
        let weight = vars.root().var("w", &[1], nn::Init::Const(1.0));
        let mut optimiser = Optimiser::new(Method::Sgd, vars.variables());
        let mut scale = LossScale::new(Precision::Mixed);
        let value = || weight.double_value(&[0]);
        scale.step(
            Precision::Mixed,
            &mut optimiser,
            &(&weight * 2.0).sum(Kind::Float),
            0.25,
        );
        assert_eq!(value(), 0.5);
        let infinite = (&weight * f64::from(f32::MAX)).sum(Kind::Float);
        scale.step(Precision::Mixed, &mut optimiser, &infinite, 0.25);
        assert_eq!((value(), scale.scale), (0.5, 32_768.0));
    }

    #[test]
    fn mixed_needs_cuda() {
        assert_eq!(Precision::Auto.on(Device::Cpu), Ok(Precision::F32));
        assert_eq!(Precision::Auto.on(Device::Cuda(0)), Ok(Precision::Mixed));
        assert!(Precision::Mixed.on(Device::Cpu).unwrap_err().contains("CUDA"));
    }
}
