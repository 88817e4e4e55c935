//! AdamW whose moments can be saved: libtorch's own keeps them where a checkpoint cannot reach.

use tch::{Kind, Tensor};

/// AdamW (Loshchilov & Hutter 2019) over named variables.
pub(crate) struct AdamW {
    slots: Vec<Slot>,
    steps: i64,
    weight_decay: f64,
}

struct Slot {
    name: String,
    variable: Tensor,
    first: Tensor,
    second: Tensor,
    /// Biases and normalisation are not decayed.
    decays: bool,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl AdamW {
    pub(crate) fn new(variables: impl IntoIterator<Item = (String, Tensor)>, weight_decay: f64) -> Self {
        let mut slots: Vec<_> = variables
            .into_iter()
            .filter(|(_, variable)| variable.requires_grad())
            .map(|(name, variable)| Slot {
                first: variable.zeros_like().detach(),
                second: variable.zeros_like().detach(),
                decays: variable.dim() > 1,
                name,
                variable,
            })
            .collect();
        slots.sort_by(|a, b| a.name.cmp(&b.name)); // A fixed order makes runs repeatable.
        Self {
            slots,
            steps: 0,
            weight_decay,
        }
    }

    /// One step down the gradient of `loss`, with its norm clipped to `largest_norm`.
    pub(crate) fn step(&mut self, loss: &Tensor, rate: f64, largest_norm: f64) {
        for slot in &mut self.slots {
            slot.variable.zero_grad();
        }
        loss.backward();
        self.steps += 1;
        let correction_1 = 1.0 - BETA_1.powi(self.steps.min(i64::from(i32::MAX)) as i32);
        let correction_2 = 1.0 - BETA_2.powi(self.steps.min(i64::from(i32::MAX)) as i32);
        tch::no_grad(|| {
            let clip = self.clip(largest_norm);
            for slot in &mut self.slots {
                let gradient = slot.variable.grad() * clip;
                let _ = slot
                    .first
                    .g_mul_scalar_(BETA_1)
                    .g_add_(&(&gradient * (1.0 - BETA_1)));
                let _ = slot
                    .second
                    .g_mul_scalar_(BETA_2)
                    .g_add_(&(gradient.square() * (1.0 - BETA_2)));
                let update = (&slot.first / correction_1) / ((&slot.second / correction_2).sqrt() + EPSILON);
                if slot.decays {
                    let _ = slot.variable.g_mul_scalar_(1.0 - rate * self.weight_decay);
                }
                let _ = slot.variable.g_sub_(&(update * rate));
            }
        });
    }

    fn clip(&self, largest_norm: f64) -> f64 {
        let squares: Vec<_> = self
            .slots
            .iter()
            .map(|slot| slot.variable.grad().square().sum(Kind::Float))
            .collect();
        let norm = Tensor::stack(&squares, 0)
            .sum(Kind::Float)
            .sqrt()
            .double_value(&[]);
        if norm > largest_norm {
            largest_norm / norm
        } else {
            1.0
        }
    }

    /// Moments and step count, named for a checkpoint.
    pub(crate) fn state(&self) -> Vec<(String, Tensor)> {
        let moments = self.slots.iter().flat_map(|slot| {
            [
                (format!("adamw first {}", slot.name), slot.first.shallow_clone()),
                (format!("adamw second {}", slot.name), slot.second.shallow_clone()),
            ]
        });
        moments
            .chain([("adamw steps".to_owned(), Tensor::from(self.steps))])
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
                for (kind, moment) in [("first", &mut slot.first), ("second", &mut slot.second)] {
                    if let Some(saved) = find(&format!("adamw {kind} {}", slot.name)) {
                        moment.copy_(saved);
                    }
                }
            }
        });
        if let Some(steps) = find("adamw steps") {
            self.steps = steps.int64_value(&[]);
        }
    }
}
