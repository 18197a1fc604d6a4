//! Charts with the real program helm: what comes out is what upstream's program makes of the same folder.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use towpath_testkit::{TowpathServer, require};

use crate::program::program;

/// Upstream's program, and helm in a home of its own.
struct Programs {
    upstream: PathBuf,
    helm: PathBuf,
    home: TempDir,
}

impl Programs {
    fn find() -> Option<Self> {
        Some(Self {
            upstream: require("kustomize")?,
            helm: require("helm")?,
            home: tempfile::tempdir().unwrap(),
        })
    }

    /// Helm keeps nothing in the home of who runs the tests.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let home = self.home.path();
        for (name, folder) in [
            ("HELM_CONFIG_HOME", "config"),
            ("HELM_CACHE_HOME", "cache"),
            ("HELM_DATA_HOME", "data"),
        ] {
            command.env(name, home.join(folder));
        }
        // Kustomize gives helm a home for each build; this file is helm's wherever its home is.
        command.env("HELM_REGISTRY_CONFIG", home.join("registry.json"));
        command
    }

    #[track_caller]
    fn helm(&self, arguments: &[&str]) {
        let output = self.command(&self.helm).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// Builds with both programs, each in a folder of its own, since a chart that is pulled stays there.
    #[track_caller]
    fn compare(&self, files: &[(&str, &str)]) -> String {
        let theirs = self.build(&self.upstream, &[], files);
        let ours = self.build(program(), &["kustomize"], files);
        let said = String::from_utf8_lossy(&ours.stderr);
        let expected = String::from_utf8_lossy(&theirs.stdout);
        assert_eq!(String::from_utf8_lossy(&ours.stdout), expected, "{said}");
        assert!(theirs.status.success(), "{theirs:?}");
        assert!(ours.status.success(), "{said}");
        expected.into_owned()
    }

    fn build(&self, program: &Path, before: &[&str], files: &[(&str, &str)]) -> Output {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), files);
        let mut command = self.command(program);
        command.args(before).args(["build", "--enable-helm"]);
        command.current_dir(folder.path()).output().unwrap()
    }

    /// The chart as an archive, in a folder.
    fn package(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), CHART);
        let path = |name: &str| folder.path().join(name).display().to_string();
        self.helm(&[
            "package",
            &path("charts/web"),
            "--destination",
            &path("packed"),
        ]);
        folder
    }
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

const CHART: &[(&str, &str)] = &[
    (
        "charts/web/Chart.yaml",
        "apiVersion: v2\nname: web\nversion: 1.2.0\nappVersion: \"3.4\"\n",
    ),
    (
        "charts/web/values.yaml",
        "replicas: 1\nimage: {name: nginx, tag: \"1.27\"}\nnotes:\n- yes\n- \"on\"\n",
    ),
    (
        "charts/web/templates/_names.tpl",
        "{{- define \"web.labels\" -}}\napp.kubernetes.io/name: {{ .Chart.Name }}\napp.kubernetes.io/version: {{ .Chart.AppVersion | quote }}\n{{- end -}}\n",
    ),
    (
        "charts/web/templates/deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-web\n  namespace: {{ .Release.Namespace }}\n  labels:\n    {{- include \"web.labels\" . | nindent 4 }}\nspec:\n  replicas: {{ .Values.replicas }}\n  template:\n    spec:\n      containers:\n      - name: web\n        image: \"{{ .Values.image.name }}:{{ .Values.image.tag }}\"\n",
    ),
    (
        "charts/web/templates/notes.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-notes}\ndata:\n  kube: {{ .Capabilities.KubeVersion.Version }}\n  monitored: {{ .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" | quote }}\n  notes: |\n    {{- .Values.notes | toYaml | nindent 4 }}\n",
    ),
    (
        "charts/web/templates/hook.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: hook\n  annotations: {helm.sh/hook: pre-install}\nspec: {}\n",
    ),
    (
        "charts/web/templates/tests/web.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations: {helm.sh/hook: test}\nspec: {}\n",
    ),
    (
        "charts/web/crds/boats.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: boats.example.com}\nspec: {}\n",
    ),
];

#[test]
fn a_chart_beside_the_kustomization() {
    let Some(programs) = Programs::find() else {
        return;
    };
    for fields in [
        "",
        "  namespace: ns\n  includeCRDs: true\n  skipTests: true\n",
        "  skipHooks: true\n  kubeVersion: \"1.29.3\"\n  apiVersions: [monitoring.coreos.com/v1]\n",
        "  valuesInline: {replicas: 3, image: {tag: slim}, notes: [a, null]}\n",
        "  valuesFile: own.yaml\n  additionalValuesFiles: [more.yaml]\n",
    ] {
        let kustomization = format!(
            "namePrefix: p-\nimages: [{{name: nginx, newName: mirror/nginx}}]\nhelmCharts:\n- name: web\n  releaseName: r\n{fields}"
        );
        let own: &[(&str, &str)] = &[
            ("kustomization.yaml", &kustomization),
            (
                "own.yaml",
                "replicas: 7\nimage: {name: own, tag: 1}\nnotes: []\n",
            ),
            ("more.yaml", "replicas: 8\n"),
        ];
        let built = programs.compare(&[CHART, own].concat());
        assert!(built.contains("kind: Deployment"), "{built}");
    }
}

#[test]
fn a_chart_of_a_repository() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let packed = programs.package();
    let folder = packed.path().join("packed");
    let url = serve(folder.clone());
    programs.helm(&["repo", "index", folder.to_str().unwrap(), "--url", &url]);
    for version in ["", "  version: 1.2.0\n"] {
        let text = format!(
            "helmCharts:\n- name: web\n  repo: {url}\n  releaseName: r\n{version}  valuesInline: {{replicas: 2}}\n"
        );
        let built = programs.compare(&[("kustomization.yaml", &text)]);
        assert!(built.contains("replicas: 2"), "{built}");
    }
}

/// The registry of Towpath keeps charts as it keeps images.
#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_our_registry() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("data");
    let server = TowpathServer::start(program(), &data, &[]).await.unwrap();
    let packed = programs.package();
    let archive = packed.path().join("packed/web-1.2.0.tgz");
    let place = format!("oci://{}/charts", server.address());
    login(&programs, &server);
    programs.helm(&["push", archive.to_str().unwrap(), &place, "--plain-http"]);
    // Without a version helm asks for the tags, and that by https even on this machine.
    let text = format!(
        "helmCharts:\n- name: web\n  repo: {place}\n  version: 1.2.0\n  releaseName: r\n  namespace: ns\n"
    );
    let built = programs.compare(&[("kustomization.yaml", &text)]);
    assert!(built.contains("namespace: ns"), "{built}");
    server.stop().await.unwrap();
}

fn login(programs: &Programs, server: &TowpathServer) {
    let mut login = programs.command(&programs.helm);
    login.args(["registry", "login", server.address(), "--insecure"]);
    login.args(["--username", "any", "--password-stdin"]);
    let mut login = login.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = login.stdin.take().unwrap();
    stdin.write_all(server.token().as_bytes()).unwrap();
    drop(stdin);
    assert!(login.wait().unwrap().success());
}

/// Gives out the files of a folder for as long as the test runs.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            let line = request.next().unwrap().unwrap();
            while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let name = line.split([' ', '/']).nth(2).unwrap_or_default();
            let (status, body) = match fs::read(folder.join(name)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    format!("http://{address}")
}
