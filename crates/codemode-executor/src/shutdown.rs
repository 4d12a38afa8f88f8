//! The executor's way to its end: serving, leaving (not ready, still serving), draining (no new executions), expired (what runs
//! is ended).

use std::sync::Arc;

use tokio::sync::watch;

/// How far the shutdown has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    Leaving,
    Draining,
    Expired,
}

/// The stage, as everybody may watch it and one may advance it.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown {
    stage: Arc<watch::Sender<Stage>>,
}

impl Shutdown {
    pub(crate) fn new() -> Self {
        Self { stage: Arc::new(watch::Sender::new(Stage::Serving)) }
    }

    /// Tells balancers that no more should come; what comes all the same is served.
    pub(crate) fn leave(&self) {
        self.advance(Stage::Leaving);
    }

    /// Refuses executions from here on.
    pub(crate) fn drain(&self) {
        self.advance(Stage::Draining);
    }

    /// Ends the executions that still run.
    pub(crate) fn expire(&self) {
        self.advance(Stage::Expired);
    }

    pub(crate) fn is_leaving(&self) -> bool {
        *self.stage.borrow() >= Stage::Leaving
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.stage.borrow() >= Stage::Draining
    }

    /// Resolves when the grace period is over.
    pub(crate) async fn expired(&self) {
        let mut stage = self.stage.subscribe();
        // The sender lives in `self`, so the wait ends only by the stage.
        let _ = stage.wait_for(|stage| *stage == Stage::Expired).await;
    }

    fn advance(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let later = to > *stage;
            if later {
                *stage = to;
            }
            later
        });
    }
}
