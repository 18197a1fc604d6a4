use std::collections::BTreeMap;

use towpath_model::{Artifact, Digest, ExecutionNumber, Status};
use towpath_store::{ExecutionFilter, RunOutcome};

use crate::fixture::{Fixture, NOW, action, commit};

#[tokio::test]
async fn numbers_rise_for_ever_also_after_executions_are_removed() {
    let fixture = Fixture::new().await;
    for (digit, number) in [('1', 1), ('2', 2), ('3', 3)] {
        let key = fixture.push(digit).await;
        assert_eq!(key.number, ExecutionNumber(number));
        fixture.finish(&key, Status::Failed).await;
    }
    assert_eq!(fixture.retain(1).await, [1, 2]);
    let key = fixture.push('4').await;
    assert_eq!(key.number, ExecutionNumber(4));
}

#[tokio::test]
async fn retention_keeps_what_runs_and_what_has_not_ended() {
    let fixture = Fixture::new().await;
    let first = fixture.push('1').await;
    fixture.finish(&first, Status::Succeeded).await;
    let unfinished = fixture.push('2').await;
    for digit in ['3', '4'] {
        let key = fixture.push(digit).await;
        fixture.finish(&key, Status::Failed).await;
    }
    assert_eq!(fixture.retain(1).await, [3]);
    assert!(fixture.store.execution(&first).await.unwrap().is_some());
    assert!(
        fixture
            .store
            .execution(&unfinished)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        !fixture
            .store
            .has_execution_of(&fixture.project, &commit('3'))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn the_first_end_stands() {
    let fixture = Fixture::new().await;
    let key = fixture.push('1').await;
    fixture.finish(&key, Status::Cancelled).await;
    fixture.finish(&key, Status::Succeeded).await;
    let execution = fixture.store.execution(&key).await.unwrap().unwrap();
    assert_eq!(execution.outcome, Some(Status::Cancelled));
    assert!(!fixture.store.request_cancel(&key, NOW).await.unwrap());
}

#[tokio::test]
async fn an_interrupted_action_runs_again_as_a_new_attempt() {
    let fixture = Fixture::new().await;
    let key = fixture.push('1').await;
    let build = action(&key, "Build");
    let first = fixture.store.start_action(&build, NOW).await.unwrap();
    fixture
        .store
        .start_phase(&first, "build", NOW)
        .await
        .unwrap();
    let store = fixture.reopened().await;
    assert_eq!(store.interrupt_action_runs(NOW).await.unwrap(), 1);
    let second = store.start_action(&build, NOW).await.unwrap();
    assert_eq!((first.attempt, second.attempt), (1, 2));
    let runs = store.action_runs(&key).await.unwrap();
    assert_eq!(runs[0].outcome, Some(RunOutcome::Interrupted));
    assert_eq!(runs[1].outcome, None);
    assert_eq!(
        store.phases(&key).await.unwrap()[0].status,
        Status::Cancelled
    );
}

#[tokio::test]
async fn an_end_and_its_artifacts_are_visible_together_and_once() {
    let fixture = Fixture::new().await;
    let key = fixture.push('1').await;
    let run = fixture
        .store
        .start_action(&action(&key, "Build"), NOW)
        .await
        .unwrap();
    assert!(fixture.store.artifacts(&key).await.unwrap().is_empty());
    let artifact = Artifact {
        digest: Digest::of(b"zip"),
        size: 3,
    };
    let artifacts = BTreeMap::from([("BuildArtifact".parse().unwrap(), artifact)]);
    let variables = BTreeMap::from([("ImageDigest".to_owned(), "d".to_owned())]);
    let finish = |outcome| {
        let (store, run) = (&fixture.store, &run);
        let (artifacts, variables) = (&artifacts, &variables);
        async move {
            store
                .finish_action(run, &outcome, artifacts, variables, NOW)
                .await
                .unwrap()
        }
    };
    assert!(finish(RunOutcome::Succeeded).await);
    assert!(
        !finish(RunOutcome::Failed {
            reason: "late".to_owned()
        })
        .await
    );
    let runs = fixture.store.action_runs(&key).await.unwrap();
    assert_eq!(runs[0].outcome, Some(RunOutcome::Succeeded));
    assert_eq!(runs[0].variables, variables);
    assert_eq!(fixture.store.artifacts(&key).await.unwrap(), artifacts);
    assert!(
        fixture
            .store
            .artifact_blobs()
            .await
            .unwrap()
            .contains(&artifact.digest)
    );
}

#[tokio::test]
async fn executions_are_searched_and_paged() {
    let fixture = Fixture::new().await;
    for digit in ['1', '2', '3'] {
        fixture.push(digit).await;
    }
    let numbers = |before: Option<i64>, search: &str, limit| {
        let filter = ExecutionFilter {
            before: before.map(ExecutionNumber),
            search: (!search.is_empty()).then(|| search.to_owned()),
            limit,
        };
        let fixture = &fixture;
        async move {
            let found = fixture
                .store
                .executions(&fixture.project, &filter)
                .await
                .unwrap();
            found
                .iter()
                .map(|execution| execution.key.number.0)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(numbers(None, "", 2).await, [3, 2]);
    assert_eq!(numbers(Some(2), "", 2).await, [1]);
    assert_eq!(numbers(None, "Commit 2", 9).await, [2]);
    assert_eq!(numbers(None, "333", 9).await, [3]);
    assert_eq!(numbers(None, "ann", 9).await, [3, 2, 1]);
    assert_eq!(numbers(None, "%", 9).await, [] as [i64; 0]);
}
