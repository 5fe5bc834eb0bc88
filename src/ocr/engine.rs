//! Runs the recogniser: one prepared line in, probabilities of each step out.
//!
//! Every call computes on one thread, and one line at a time, so that a result depends neither on the number of threads
//! nor on what else is being read. Callers get parallelism by calling from several threads.

use super::STEP_PX;
use super::exact::ExactNet;
use super::foreign::ForeignNet;
use super::likely::{Steps, likely};
use super::memo::Memo;
use super::network::Network;
use crate::error::Result;
use std::sync::Arc;

/// Values of [`Steps`] that are remembered at most: 32 MiB of them.
const MEMO_VALUES: usize = 8 << 20;

/// The forms of network that can be run.
enum Net {
    /// Ours: integers, the same bits everywhere.
    Exact(ExactNet),
    /// One in rten's format.
    Foreign(Box<ForeignNet>),
}

/// The loaded network.
pub(super) struct Engine {
    net: Net,
    classes: usize,
    /// What was read lately, where that is wanted.
    memo: Option<Memo<Steps>>,
}

impl Engine {
    /// Loads a network of either form for `classes` classes.
    ///
    /// # Errors
    /// [`crate::error::Error::Model`] if the bytes are no network, or not one for `classes` classes.
    pub fn new(model: &[u8], classes: usize) -> Result<Self> {
        let net = if Network::is_one(model) {
            Net::Exact(ExactNet::new(model, classes)?)
        } else {
            Net::Foreign(Box::new(ForeignNet::new(model, classes)?))
        };
        Ok(Engine {
            net,
            classes,
            memo: None,
        })
    }

    /// From now on, equal pictures that come soon after one another go through the network once.
    pub fn remember(&mut self) {
        self.memo = Some(Memo::new(MEMO_VALUES));
    }

    /// What the network says of a picture of [`super::INPUT_HEIGHT`] × `width` grey values (a multiple of twice
    /// [`STEP_PX`]). `None` if it fails.
    pub fn run(&self, pixels: &[u8], width: usize) -> Option<Arc<Steps>> {
        let compute = || match &self.net {
            Net::Exact(net) => Some(likely(&net.logits(pixels, width), self.classes)),
            Net::Foreign(net) => net.steps(pixels, width),
        };
        let weight = width / STEP_PX * self.classes;
        match &self.memo {
            Some(memo) => memo.recall(pixels, weight, compute),
            None => compute().map(Arc::new),
        }
    }
}
