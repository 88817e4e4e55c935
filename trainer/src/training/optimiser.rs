//! Optimisers whose state can be saved: libtorch's own keep it where a checkpoint cannot reach.

use tch::{Kind, Tensor};

/// How weights follow their gradients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Method {
    /// Adam (Kingma & Ba 2015), and AdamW (Loshchilov & Hutter 2019) where matrices decay.
    Adam { weight_decay: f64 },
    /// Plain stochastic gradient descent: the thesis names no momentum.
    Sgd,
}

/// A method over named variables, with its state.
pub(crate) struct Optimiser {
    method: Method,
    slots: Vec<Slot>,
    steps: i64,
}

struct Slot {
    name: String,
    variable: Tensor,
    /// Adam's moments.
    moments: Option<[Tensor; 2]>,
    /// Biases and normalisation are not decayed.
    decays: bool,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl Optimiser {
    pub(crate) fn new(method: Method, variables: impl IntoIterator<Item = (String, Tensor)>) -> Self {
        let mut slots: Vec<_> = variables
            .into_iter()
            .filter(|(_, variable)| variable.requires_grad())
            .map(|(name, variable)| Slot {
                moments: matches!(method, Method::Adam { .. })
                    .then(|| [(); 2].map(|()| variable.zeros_like().detach())),
                decays: variable.dim() > 1,
                name,
                variable,
            })
            .collect();
        slots.sort_by(|a, b| a.name.cmp(&b.name)); // A fixed order makes runs repeatable.
        Self {
            method,
            slots,
            steps: 0,
        }
    }

    /// Forgets the gradients; call it before each `backward`.
    pub(crate) fn zero_grad(&mut self) {
        for slot in &mut self.slots {
            slot.variable.zero_grad();
        }
    }

    /// Norm of all gradients together.
    pub(crate) fn gradient_norm(&self) -> f64 {
        let squares: Vec<_> = self
            .slots
            .iter()
            .map(|slot| slot.variable.grad().square().sum(Kind::Float))
            .collect();
        tch::no_grad(|| {
            Tensor::stack(&squares, 0)
                .sum(Kind::Float)
                .sqrt()
                .double_value(&[])
        })
    }

    /// One step down the gradients, each times `factor` (loss scaling, clipping), at the learning rate `rate`.
    pub(crate) fn step(&mut self, rate: f64, factor: f64) {
        self.steps += 1;
        let steps = self.steps.min(i64::from(i32::MAX)) as i32;
        let correction_1 = 1.0 - BETA_1.powi(steps);
        let correction_2 = (1.0 - BETA_2.powi(steps)).sqrt();
        tch::no_grad(|| {
            for slot in &mut self.slots {
                let mut gradient = slot.variable.grad();
                if !gradient.defined() {
                    continue; // A layer that this loss does not reach.
                }
                if factor != 1.0 {
                    gradient *= factor; // In place: the next step begins with new ones.
                }
                let (Method::Adam { weight_decay }, Some([first, second])) = (self.method, &mut slot.moments)
                else {
                    let _ = slot.variable.g_sub_(&(gradient * rate));
                    continue;
                };
                let _ = first.lerp_(&gradient, 1.0 - BETA_1);
                let _ = second.lerp_(&gradient.square(), 1.0 - BETA_2);
                if slot.decays && weight_decay > 0.0 {
                    let _ = slot.variable.g_mul_scalar_(1.0 - rate * weight_decay);
                }
                let mut spread = second.sqrt();
                let _ = spread.g_div_scalar_(correction_2).g_add_scalar_(EPSILON);
                let _ = spread.reciprocal_().g_mul_scalar_(-rate / correction_1);
                let _ = slot.variable.addcmul_(first, &spread);
            }
        });
    }

    /// Moments and step count, named for a checkpoint.
    pub(crate) fn state(&self) -> Vec<(String, Tensor)> {
        let moments = self.slots.iter().flat_map(|slot| {
            let named = |(kind, moment): (&&str, &Tensor)| {
                (format!("adam {kind} {}", slot.name), moment.shallow_clone())
            };
            let moments = slot.moments.iter().flatten();
            MOMENTS.iter().zip(moments).map(named).collect::<Vec<_>>()
        });
        moments
            .chain([("steps".to_owned(), Tensor::from(self.steps))])
            .collect()
    }

    /// Takes back what [`Self::state`] gave; names that are missing leave their values as they are.
    pub(crate) fn restore(&mut self, state: &[(String, Tensor)]) {
        let find = |name: &str| {
            state
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, tensor)| tensor)
        };
        tch::no_grad(|| {
            for slot in &mut self.slots {
                for (kind, moment) in MOMENTS.iter().zip(slot.moments.iter_mut().flatten()) {
                    if let Some(saved) = find(&format!("adam {kind} {}", slot.name)) {
                        moment.copy_(saved);
                    }
                }
            }
        });
        if let Some(steps) = find("steps") {
            self.steps = steps.int64_value(&[]);
        }
    }
}

/// Names of Adam's moments in a checkpoint.
const MOMENTS: [&str; 2] = ["first", "second"];

#[cfg(test)]
mod tests {
    use tch::nn::OptimizerConfig;
    use tch::{Device, nn};

    use super::*;

    /// Ten steps of `ours` and of libtorch's own optimiser on the same least-squares problem.
    fn compare(ours: Method, theirs: impl OptimizerConfig, rate: f64) -> f64 {
        let x = Tensor::from_slice(&[1f32, 2.0, -1.0, 0.5, 3.0, 0.1]).view([3, 2]);
        let y = Tensor::from_slice(&[1f32, -1.0, 0.5]).view([3, 1]);
        let problem = || {
            let vars = nn::VarStore::new(Device::Cpu);
            let weight = vars.root().var("w", &[2, 1], nn::Init::Const(0.3));
            (vars, weight)
        };
        let (mine, weight) = problem();
        let mut optimiser = Optimiser::new(ours, mine.variables());
        let (other, reference) = problem();
        let mut libtorch = theirs.build(&other, rate).unwrap();
        for _ in 0..10 {
            optimiser.zero_grad();
            (x.matmul(&weight) - &y).square().mean(Kind::Float).backward();
            optimiser.step(rate, 1.0);
            libtorch.backward_step(&(x.matmul(&reference) - &y).square().mean(Kind::Float));
        }
        (weight - reference).abs().max().double_value(&[])
    }

    #[test]
    fn steps_are_those_of_libtorch() {
        let adam = Method::Adam { weight_decay: 0.0 };
        assert!(compare(adam, nn::Adam::default(), 0.01) < 1e-6);
        let decaying = Method::Adam { weight_decay: 0.05 };
        let adam_w = nn::AdamW {
            wd: 0.05,
            ..Default::default()
        };
        assert!(compare(decaying, adam_w, 0.01) < 1e-6);
        assert!(
            compare(decaying, nn::Adam::default(), 0.01) > 1e-6,
            "the test can fail"
        );
        assert!(compare(Method::Sgd, nn::Sgd::default(), 0.01) < 1e-6);
    }

    #[test]
    fn a_factor_scales_the_gradients() {
        let vars = nn::VarStore::new(Device::Cpu);
        let weight = vars.root().var("w", &[1], nn::Init::Const(1.0));
        let mut optimiser = Optimiser::new(Method::Sgd, vars.variables());
        (&weight * 8.0).sum(Kind::Float).backward();
        assert_eq!(optimiser.gradient_norm(), 8.0);
        optimiser.step(0.5, 0.25);
        assert_eq!(weight.double_value(&[0]), 0.0);
    }
}
