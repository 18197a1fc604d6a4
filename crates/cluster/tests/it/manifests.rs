use towpath_cluster::{Object, manifest};
use towpath_model::{Digest, Namespace, ProjectName};

fn parse(text: &str) -> Vec<Object> {
    manifest::parse("k8s/app.yaml", text).unwrap()
}

fn namespace(name: &str) -> Namespace {
    name.parse().unwrap()
}

fn ids(objects: &[Object]) -> Vec<String> {
    objects
        .iter()
        .map(|object| object.id().to_string())
        .collect()
}

#[test]
fn many_documents_lists_and_json_are_read() {
    let objects = parse(
        "---\n# only a comment\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n\
         apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: b\n    namespace: other\n",
    );
    assert_eq!(ids(&objects), ["_a__ConfigMap", "other_b__Secret"]);
    assert_eq!(objects[1].location.to_string(), "k8s/app.yaml:11:3");
    let json = "{\n\t\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"metadata\": {\"name\": \"web\"}\n}\n";
    let objects = manifest::parse("k8s/app.json", json).unwrap();
    assert_eq!(ids(&objects), ["_web_apps_Deployment"]);
}

#[test]
fn mistakes_are_named_with_their_place() {
    let cases = [
        (
            "kind: ConfigMap\nmetadata: {name: a}\n",
            "k8s/app.yaml:1:1: `apiVersion` is missing",
        ),
        (
            "apiVersion: v1\nmetadata: {name: a}\n",
            "k8s/app.yaml:1:1: `kind` is missing",
        ),
        (
            "apiVersion: v1\nkind: Secret\n",
            "`metadata.name` is missing",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {}\n",
            "`metadata.name` is missing",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: 12}\n",
            "k8s/app.yaml:3:18: `metadata.name`: expected a string",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: A_b}\n",
            "\"A_b\" is not a name for a Secret",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: ../x}\n",
            "is not a name",
        ),
        (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}\n",
            "lives outside of namespaces",
        ),
        ("- a\n- b\n", "`apiVersion` is missing"),
        ("a: [", "k8s/app.yaml:"),
        (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
            "k8s/app.yaml:1:1: a kustomization is not an object; name the file kustomization.yaml and put it at the top of k8s/, so that it is rendered",
        ),
    ];
    for (text, expected) in cases {
        let error = manifest::parse("k8s/app.yaml", text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn a_kustomization_is_known_by_its_name() {
    for path in [
        "k8s/kustomization.yaml",
        "k8s/base/kustomization.yml",
        "Kustomization",
    ] {
        assert!(manifest::is_kustomization(path), "{path}");
        let error = manifest::parse(path, "resources: [a.yaml]\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{path}:1:1: a kustomization is not an object; name the file kustomization.yaml and put it at the top of k8s/, so that it is rendered"
            )
        );
    }
    for path in [
        "k8s/kustomization.json",
        "k8s/my-kustomization.yaml",
        "k8s/Kustomization/app.yaml",
        "k8s/Kustomization.yaml",
    ] {
        assert!(!manifest::is_kustomization(path), "{path}");
    }
}

#[test]
fn one_object_in_two_files_is_an_error() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let error = manifest::parse_files([("a.yml", text), ("b.yml", text)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "b.yml:1:1: ConfigMap a appears twice; first at a.yml:1:1"
    );
}

#[test]
fn objects_without_a_namespace_go_to_the_projects() {
    let objects = parse(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: other}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:x'}\n",
    );
    let placed = manifest::place(objects, &namespace("hello")).unwrap();
    assert_eq!(
        ids(&placed),
        [
            "_hello__Namespace",
            "_other__Namespace",
            "_system__x_rbac.authorization.k8s.io_ClusterRole",
            "other_web__Service",
            "hello_web_apps_Deployment",
        ]
    );
    assert_eq!(placed[4].value["metadata"]["namespace"], "hello");
}

#[test]
fn placing_may_not_make_two_objects_one() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n\
                apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: hello}\n";
    assert!(manifest::place(parse(text), &namespace("hello")).is_err());
    assert!(manifest::place(parse(text), &namespace("elsewhere")).is_ok());
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      initContainers:
      - {name: migrate, image: registry.example/hello}
      containers:
      - {name: web, image: 'ghcr.io/hello:v1'}
      - {name: proxy, image: 'nginx:1.27'}
";

#[test]
fn the_projects_image_is_pinned_wherever_it_is_used() {
    let project: ProjectName = "hello".parse().unwrap();
    let digest = Digest::of(b"image");
    let mut objects = parse(DEPLOYMENT);
    assert_eq!(
        manifest::pin_images(&mut objects, &project, &digest, "127.0.0.1:8480"),
        Ok(2)
    );
    let spec = &objects[0].value["spec"]["template"]["spec"];
    let pinned = format!("127.0.0.1:8480/hello@{digest}");
    assert_eq!(spec["initContainers"][0]["image"], pinned);
    assert_eq!(spec["containers"][0]["image"], pinned);
    assert_eq!(spec["containers"][1]["image"], "nginx:1.27");
}

#[test]
fn an_image_that_nobody_uses_is_an_error_that_lists_the_images() {
    let project: ProjectName = "nothing".parse().unwrap();
    let error =
        manifest::pin_images(&mut parse(DEPLOYMENT), &project, &Digest::of(b""), "r").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no container in the manifests uses the project's image `nothing`: found ghcr.io/hello:v1, nginx:1.27, \
         registry.example/hello; set `image: nothing:latest` (any host and tag) on the container that is to run it"
    );
}

#[test]
fn the_release_record_reads_back_as_it_was() {
    let objects = parse(DEPLOYMENT);
    let again = manifest::parse("record.yaml", &manifest::to_yaml(&objects)).unwrap();
    assert_eq!(again[0].value, objects[0].value);
    let again = manifest::parse("record.json", &manifest::to_json(&objects).to_string()).unwrap();
    assert_eq!(again[0].value, objects[0].value);
}
