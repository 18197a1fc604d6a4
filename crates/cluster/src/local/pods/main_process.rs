use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use towpath_model::workspace::Exit;
use towpath_sandbox::Process;

use super::log_ring::LogRing;

/// After the end, output that is still under way is waited for so long: a child that lives on may keep
/// the pipe open for ever.
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
    let mut buffer = vec![0; 16 * 1024];
    let mut open = true;
    let exit = loop {
        tokio::select! {
            biased;
            read = process.read(&mut buffer), if open => open = write(log, read, &buffer),
            order = orders.recv() => match order {
                Some(Order::Signal(signal)) => process.signal(signal),
                Some(Order::Kill) => process.kill(),
                None => return Err("nobody waits for it".to_owned()),
            },
            exit = &mut ended => break exit,
        }
    };
    while open {
        match timeout(LAST_OUTPUT, process.read(&mut buffer)).await {
            Ok(read) => open = write(log, read, &buffer),
            Err(_) => break,
        }
    }
    exit.map_err(|error| error.to_string())
}

/// Whether there may be more.
fn write(log: &LogRing, read: std::io::Result<usize>, buffer: &[u8]) -> bool {
    let written = read.and_then(|count| log.append(&buffer[..count]).map(|()| count));
    match written {
        Ok(count) => count > 0,
        Err(error) => {
            tracing::error!(%error, "a container's log ends here");
            false
        }
    }
}
