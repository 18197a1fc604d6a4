use towpath_cluster::{Applied, Cluster, ClusterError, manifest};
use towpath_testkit::free_port;

use super::world::{World, get, host_port, objects, project, web};

fn asking(node_port: u16) -> String {
    web(1, "blue").replace(
        "targetPort: http",
        &format!("targetPort: http, nodePort: {node_port}"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_port_that_is_taken_is_replaced_for_good() {
    let Some(world) = World::start().await else {
        return;
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let asked = taken.local_addr().unwrap().port();
    let given = host_port(&world.deploy(&asking(asked)).await);
    assert_ne!(given, asked);
    assert_eq!(get(given).await.unwrap(), "blue");
    drop(taken);
    assert_eq!(host_port(&world.deploy(&asking(asked)).await), given);
    // Asking for another one is another choice.
    let other = free_port();
    assert_eq!(host_port(&world.deploy(&asking(other)).await), other);
    assert_eq!(get(other).await.unwrap(), "blue");
    world.end().await;
}

/// A port of 127.0.0.1 that was free a moment ago.

#[tokio::test(flavor = "multi_thread")]
async fn a_node_port_that_a_program_has_is_said_to_be_replaced() {
    let Some(world) = World::start().await else {
        return;
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let asked = taken.local_addr().unwrap().port();
    let applied = world.apply(&asking(asked)).await;
    let expected = format!("nodePort {asked} is taken by another program: another port is chosen");
    assert!(
        applied.report.ignored[0].ends_with(&expected),
        "{applied:?}"
    );
    world.wait(&applied).await;
    let given = host_port(&world.status().await);
    let applied = world.apply(&asking(asked)).await;
    let expected =
        format!("nodePort {asked} was taken by another program: {given} is used instead");
    assert!(
        applied.report.ignored[0].ends_with(&expected),
        "{applied:?}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_port_goes_over_to_another_service_of_the_same_apply() {
    let Some(world) = World::start().await else {
        return;
    };
    let port = free_port();
    world.deploy(&asking(port)).await;
    // The name of the Service alone.
    let renamed = asking(port).replace(
        "kind: Service\nmetadata: {name: web}",
        "kind: Service\nmetadata: {name: front}",
    );
    let status = world.deploy(&renamed).await;
    assert_eq!(status.services[0].name, "front");
    assert_eq!(host_port(&status), port);
    assert_eq!(get(port).await.unwrap(), "blue");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_service_has_is_refused_with_its_place_and_holder() {
    let Some(world) = World::start().await else {
        return;
    };
    let status = world.deploy(&web(1, "blue")).await;
    let (port, ip) = (
        host_port(&status),
        status.services[0].cluster_ip.expect("a cluster IP"),
    );
    let service = |spec: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{{spec}}}\n")
    };
    let cases = [
        (
            service(&format!(
                "type: NodePort, ports: [{{port: 80, nodePort: {port}}}]"
            )),
            format!("nodePort {port} is already allocated to Service hello/web; choose another"),
        ),
        (
            service(&format!("clusterIP: {ip}, ports: [{{port: 80}}]")),
            format!("clusterIP {ip} is already allocated to Service hello/web; remove `clusterIP`"),
        ),
        (
            service("clusterIP: 10.43.0.10, ports: [{port: 80}]"),
            "clusterIP 10.43.0.10 is the name server's".to_owned(),
        ),
        (
            service("clusterIP: 10.1.0.1, ports: [{port: 80}]"),
            "clusterIP 10.1.0.1 is not an address of this cluster's Services".to_owned(),
        ),
    ];
    for (manifests, expected) in cases {
        let error = apply_elsewhere(&world, &manifests).await.unwrap_err();
        assert!(matches!(error, ClusterError::Refused(_)), "{error}");
        let error = error.to_string();
        assert!(error.starts_with("k8s/app.yaml:4:"), "{error}");
        assert!(error.contains(&expected), "{error}\nexpected {expected}");
    }
    // The Service that has them may go on asking for them.
    let same = web(1, "blue").replace(
        "targetPort: http",
        &format!("targetPort: http, nodePort: {port}"),
    );
    world
        .cluster
        .apply(&project(), &objects(&same))
        .await
        .unwrap();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_services_in_one_apply_only_one_may_ask() {
    let Some(world) = World::start().await else {
        return;
    };
    let two = |asked: &str| {
        let one = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{type: NodePort, {asked}}}\n"
        );
        format!("{one}---\n{}", one.replace("name: a", "name: b"))
    };
    for asked in [
        "ports: [{port: 80, nodePort: 31999}]",
        "clusterIP: 10.43.0.99, ports: [{port: 80}]",
    ] {
        let error = apply_elsewhere(&world, &two(asked)).await.unwrap_err();
        assert!(error.to_string().contains("already allocated"), "{error}");
    }
    world.end().await;
}

/// As another project, in another namespace.
async fn apply_elsewhere(world: &World, manifests: &str) -> Result<Applied, ClusterError> {
    let objects = manifest::parse("k8s/app.yaml", manifests).unwrap();
    let placed = manifest::place(objects, &"other".parse().unwrap()).unwrap();
    world
        .cluster
        .apply(&"other".parse().unwrap(), &placed)
        .await
}
