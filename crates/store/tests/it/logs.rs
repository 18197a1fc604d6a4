use towpath_model::{ActionRunKey, ExecutionKey, ExecutionNumber};
use towpath_store::Logs;

use crate::fixture::action;

fn run() -> ActionRunKey {
    let execution = ExecutionKey {
        project: "hello".parse().unwrap(),
        number: ExecutionNumber(1),
    };
    ActionRunKey {
        action: action(&execution, "Build"),
        attempt: 1,
    }
}

#[tokio::test]
async fn a_log_is_read_from_any_offset_while_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::open(folder.path().join("logs")).unwrap();
    assert_eq!(logs.read(&run(), 0, 10).unwrap().size, 0);
    let mut writer = logs.writer(&run()).unwrap();
    writer.write(b"first\n").unwrap();
    let chunk = logs.read(&run(), 2, 3).unwrap();
    assert_eq!(
        (chunk.content, chunk.next, chunk.size, chunk.open),
        (b"rst".to_vec(), 5, 6, true)
    );
    let waiting = tokio::spawn({
        let logs = logs.clone();
        async move { logs.grown(&run(), 6).await }
    });
    writer.write(b"second\n").unwrap();
    waiting.await.unwrap();
    let waiting = tokio::spawn({
        let logs = logs.clone();
        async move { logs.grown(&run(), 13).await }
    });
    drop(writer);
    waiting.await.unwrap();
    let chunk = logs.read(&run(), 6, 100).unwrap();
    assert_eq!((chunk.content, chunk.open), (b"second\n".to_vec(), false));
    assert_eq!(logs.read(&run(), 999, 100).unwrap().next, 13);
}

#[tokio::test]
async fn the_logs_of_an_execution_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::open(folder.path().to_owned()).unwrap();
    logs.writer(&run()).unwrap().write(b"x").unwrap();
    logs.remove(&run().action.execution).unwrap();
    logs.remove(&run().action.execution).unwrap();
    assert_eq!(logs.read(&run(), 0, 10).unwrap().size, 0);
}
