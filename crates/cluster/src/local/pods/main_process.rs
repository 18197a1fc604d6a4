use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use towpath_model::workspace::Exit;
use towpath_sandbox::Process;

use super::log_ring::LogRing;

/// After the end, output that is still under way is waited for so long.
const LAST_OUTPUT: Duration = Duration::from_millis(50);

/// A container's main process; a task of its own writes its log.
pub(super) struct MainProcess {
    orders: mpsc::UnboundedSender<Order>,
    end: watch::Receiver<Option<Result<Exit, String>>>,
}

enum Order {
    Signal(i32),
    Kill,
}

impl MainProcess {
    pub(super) fn new(process: Process, log: Arc<LogRing>) -> Self {
        let (orders, ordered) = mpsc::unbounded_channel();
        let (ended, end) = watch::channel(None);
        tokio::spawn(async move {
            let result = tend(process, &log, ordered).await;
            ended.send_replace(Some(result));
        });
        Self { orders, end }
    }

    /// Waits for its end; its log is complete then.
    pub(super) async fn ended(&self) -> Result<Exit, String> {
        let mut end = self.end.clone();
        match end.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or_else(|| Err("lost".to_owned())),
            Err(_) => Err("it was lost".to_owned()),
        }
    }

    pub(super) fn signal(&self, signal: i32) {
        self.order(Order::Signal(signal));
    }

    pub(super) fn kill(&self) {
        self.order(Order::Kill);
    }

    /// A process that has ended takes no orders, which is fine.
    fn order(&self, order: Order) {
        drop(self.orders.send(order));
    }
}

/// Ends when the process does, or when nobody is there any more to give orders.
async fn tend(
    mut process: Process,
    log: &LogRing,
    mut orders: mpsc::UnboundedReceiver<Order>,
) -> Result<Exit, String> {
    let ended = process.wait();
    tokio::pin!(ended);
    let mut output = Output::new(log);
    let exit = loop {
        tokio::select! {
            () = output.pass_on(&mut process), if output.open => {}
            order = orders.recv() => match order {
                Some(Order::Signal(signal)) => process.signal(signal),
                Some(Order::Kill) => process.kill(),
                None => return Err("nobody waits for it".to_owned()),
            },
            exit = &mut ended => break exit,
        }
    };
    let rest = async {
        while output.open {
            output.pass_on(&mut process).await;
        }
    };
    // A child that lives on may print for ever, or say nothing and keep the pipe.
    if timeout(LAST_OUTPUT, rest).await.is_err() {
        tracing::debug!("a container's process left others behind");
    }
    exit.map_err(|error| error.to_string())
}

/// What a process prints, on its way to the log.
struct Output<'a> {
    log: &'a LogRing,
    buffer: Vec<u8>,
    /// There may be more.
    open: bool,
    /// The log cannot be written. What comes is dropped, lest the process waits for a reader for ever.
    broken: bool,
}

impl<'a> Output<'a> {
    fn new(log: &'a LogRing) -> Self {
        Self {
            log,
            buffer: vec![0; 16 * 1024],
            open: true,
            broken: false,
        }
    }

    async fn pass_on(&mut self, process: &mut Process) {
        match process.read(&mut self.buffer).await {
            Ok(0) => self.open = false,
            Ok(count) => self.write(count),
            Err(error) => {
                tracing::error!(%error, "a container's output cannot be read");
                self.open = false;
            }
        }
    }

    fn write(&mut self, count: usize) {
        let written = self.log.append(&self.buffer[..count]);
        if let Err(error) = &written
            && !self.broken
        {
            tracing::error!(%error, "a container's log cannot be written: output is lost");
        }
        self.broken = written.is_err();
    }
}
