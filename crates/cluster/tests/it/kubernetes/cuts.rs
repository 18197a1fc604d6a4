//! A server that goes away and comes back.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use towpath_cluster::{Cluster, Health, Waited};
use towpath_testkit::eventually_async;

use super::world::World;

/// A way to the server that can be cut.
struct Way {
    port: u16,
    open: Arc<watch::Sender<bool>>,
}

impl Way {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let way = Self {
            port: listener.local_addr().unwrap().port(),
            open: Arc::new(watch::Sender::new(true)),
        };
        let open = way.open.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut open = open.subscribe();
                if !*open.borrow_and_update() {
                    continue;
                }
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = open.changed() => {}
                    }
                });
            }
        });
        way
    }

    fn cut(&self) {
        self.open.send_replace(false);
    }

    fn mend(&self) {
        self.open.send_replace(true);
    }
}

const SLOW: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {kube.test/delay: 3s}}
    spec: {containers: [{name: web, image: a}]}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_outlasts_a_cut() {
    let Some(world) = World::start().await else {
        return;
    };
    let way = Way::to(world.port()).await;
    let cluster = world.through(way.port).await;
    let (project, objects) = (world.project(), world.objects(SLOW));
    let applied = cluster.apply(&project, &objects).await.unwrap();
    let (told, mut telling) = watch::channel(Vec::<String>::new());
    let waiting = tokio::spawn({
        let cluster = cluster.clone();
        async move {
            let mut progress = |line: &str| told.send_modify(|lines| lines.push(line.to_owned()));
            cluster
                .wait_ready(&applied, Duration::from_secs(60), &mut progress)
                .await
        }
    });
    let said = |words: &'static str| {
        move |lines: &Vec<String>| lines.iter().any(|line| line.contains(words))
    };
    telling.wait_for(said("web: ")).await.unwrap();
    way.cut();
    telling.wait_for(said("cannot be reached")).await.unwrap();
    way.mend();
    assert_eq!(waiting.await.unwrap().unwrap(), Waited::Ready);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_unknown_while_the_server_is_away() {
    let Some(world) = World::start().await else {
        return;
    };
    let way = Way::to(world.port()).await;
    let cluster = world.through(way.port).await;
    let project = world.project();
    cluster.apply(&project, &world.objects("")).await.unwrap();
    assert_eq!(
        cluster.status(&project).await.unwrap().health,
        Health::Healthy
    );
    cluster.apply(&project, &world.objects(SLOW)).await.unwrap();
    way.cut();
    let status = cluster.status(&project).await.unwrap();
    assert_eq!((status.health, status.release), (Health::Unknown, 2));
    let reason = status.reason.unwrap();
    assert!(
        reason.contains("cluster test cannot be reached"),
        "{reason}"
    );
    way.mend();
    eventually_async("the cluster is asked again", || async {
        let status = cluster.status(&project).await.unwrap();
        (status.health != Health::Unknown).then_some(())
    })
    .await;
    world.finish().await;
}
