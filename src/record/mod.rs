//! Writes a plan. Forward ops record a dispatch and leave their backward on the tape; a loss ends
//! the forward pass and runs the tape backwards, into the same plan. Any DAG works.
//!
//! A ReLU is fused into the op before it (`relu: true`) or stands alone; either way its output is
//! marked, and whoever writes a gradient for it zeroes what the ReLU cut, in the same dispatch
//! where that is possible.

mod backward;
mod conv;
mod forward;
mod loss;
mod norm;
mod tensor;
mod update;
mod window;

pub use backward::Loss;
pub use norm::Statistics;
pub use tensor::Tensor;
pub use window::Window;

use std::collections::HashMap;

use crate::{
    kernel::{Kernel, Op},
    ops,
    plan::{ALIGN, BufferId, Dispatch, HYPER, Plan, Program, Role, Slice},
};
use backward::Gradient;
use tensor::Kind;

type Backward = Box<dyn FnOnce(&mut Recorder, Tensor)>;

/// See the module.
pub struct Recorder {
    plan: Plan,
    hyper: Slice,
    params: BufferId,
    grads: BufferId,
    log: Slice,
    /// What layers remember besides parameters, if any does.
    statistics: Option<BufferId>,
    grad_slots: HashMap<(BufferId, u32), Slice>,
    // Of the program being recorded:
    tape: Vec<(Tensor, Backward)>,
    gradients: HashMap<(BufferId, u32), Gradient>,
    pending_uses: HashMap<(BufferId, u32), u32>,
    program: Option<(String, u32, usize)>,
    summed: Option<Slice>,
}

impl Recorder {
    /// A recorder whose log has `slots` slots.
    pub fn new(slots: u32) -> Recorder {
        let mut plan = Plan::default();
        let hyper = plan.buffer("hyper", ops::HYPER_WORDS, Role::Input);
        assert_eq!(hyper.buffer, HYPER);
        let params = plan.buffer("params", 0, Role::Parameter).buffer;
        let grads = plan.buffer("grads", 0, Role::Gradient).buffer;
        let log = plan.buffer("log", slots * ops::LOG_WORDS, Role::Log);
        Recorder {
            plan,
            hyper,
            params,
            grads,
            log,
            statistics: None,
            grad_slots: HashMap::new(),
            tape: Vec::new(),
            gradients: HashMap::new(),
            pending_uses: HashMap::new(),
            program: None,
            summed: None,
        }
    }

    /// A buffer that the host fills.
    pub fn input(&mut self, name: &str, shape: &[u32]) -> Tensor {
        let at = self.plan.buffer(name, shape.iter().product(), Role::Input);
        Tensor::new(at, shape, Kind::Input)
    }

    /// A slice of the parameter arena, with a slice of the gradient arena at the same offset.
    pub fn param(&mut self, shape: &[u32]) -> Tensor {
        let len = shape.iter().product();
        let at = self.plan.grow(self.params, len);
        let slot = self.plan.grow(self.grads, len);
        assert_eq!(at.offset, slot.offset, "the arenas have equal offsets");
        let param = Tensor::new(at, shape, Kind::Param);
        self.grad_slots.insert(param.key(), slot);
        param
    }

    /// A parameter that nothing updates: in the arena, without a gradient.
    pub fn frozen(&mut self, shape: &[u32]) -> Tensor {
        let len = shape.iter().product();
        let at = self.plan.grow(self.params, len);
        self.plan.grow(self.grads, len);
        Tensor::new(at, shape, Kind::Input)
    }

    /// Where the log lies.
    pub fn log(&self) -> Slice {
        self.log
    }

    /// Slots of the log.
    pub fn log_slots(&self) -> u32 {
        self.log.len / ops::LOG_WORDS
    }

    /// Ends the arenas: all parameters exist, updates may be recorded.
    pub fn seal(&mut self) {
        for arena in [self.params, self.grads] {
            let len = &mut self.plan.buffers[arena.0 as usize].len;
            *len = len.next_multiple_of(ALIGN).max(ALIGN);
        }
    }

    /// The parameter arena and the gradient arena.
    pub fn arenas(&self) -> [Slice; 2] {
        [self.plan.whole(self.params), self.plan.whole(self.grads)]
    }

    /// Another arena as large as the parameters': an optimiser's slot.
    pub fn slot(&mut self, name: &str) -> Slice {
        let len = self.plan.whole(self.params).len;
        self.plan.buffer(name, len, Role::State)
    }

    /// Starts a program.
    pub fn begin(&mut self, name: &str, batch: u32) {
        assert!(self.program.is_none(), "{name}: one program at a time");
        self.program = Some((name.into(), batch, self.plan.dispatches.len()));
    }

    /// Ends a program.
    pub fn end(&mut self) {
        let (name, batch, start) = self.program.take().expect("a program was begun");
        let range = start..self.plan.dispatches.len();
        self.plan.programs.push(Program { name, batch, range });
        self.tape.clear();
        self.gradients.clear();
        self.pending_uses.clear();
        self.summed = None;
    }

    /// The finished plan, with values sharing memory.
    pub fn finish(mut self) -> Plan {
        self.plan.reuse_values();
        self.plan
    }

    fn value(&mut self, name: &str, shape: &[u32], kind: Kind) -> Tensor {
        let name = format!("{name}.{}", self.plan.buffers.len());
        let len = shape.iter().map(|&d| d as u64).product::<u64>();
        let len = u32::try_from(len).expect("the model checks sizes before recording");
        Tensor::new(self.plan.buffer(name, len, Role::Value), shape, kind)
    }

    fn push<K: Kernel>(&mut self, dims: K::Dims, args: &[Slice]) {
        let op: &'static Op = const { &Op::of::<K>() };
        let dims = bytemuck::cast_slice(bytemuck::bytes_of(&dims)).to_vec();
        let args = args.to_vec();
        self.plan.dispatches.push(Dispatch { op, dims, args });
    }
}
