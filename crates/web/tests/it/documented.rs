use std::collections::BTreeSet;

use reqwest::Method;
use towpath_web::api::openapi;

use crate::fixture::Server;

/// `GET /api/v1/projects` and so on, as the document has them.
fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &serde_json::Value)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
        let path = path.clone();
        methods
            .into_iter()
            .map(move |method| (method.to_uppercase(), path.clone()))
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_document_names_every_route() {
    let documented: Vec<String> = documented()
        .into_iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    assert_eq!(
        documented,
        [
            "DELETE /api/v1/clusters/{cluster}",
            "DELETE /api/v1/left-apps/{project}",
            "DELETE /api/v1/projects/{project}",
            "DELETE /api/v1/projects/{project}/webhook",
            "DELETE /api/v1/webhook-allows",
            "GET /api/v1/clusters",
            "GET /api/v1/clusters/{cluster}",
            "GET /api/v1/clusters/{cluster}/check",
            "GET /api/v1/deliveries",
            "GET /api/v1/deliveries/{delivery}",
            "GET /api/v1/events",
            "GET /api/v1/left-apps",
            "GET /api/v1/projects",
            "GET /api/v1/projects/{project}",
            "GET /api/v1/projects/{project}/app",
            "GET /api/v1/projects/{project}/app/pods/{pod}/log",
            "GET /api/v1/projects/{project}/build-place",
            "GET /api/v1/projects/{project}/executions",
            "GET /api/v1/projects/{project}/executions/{number}",
            "GET /api/v1/projects/{project}/executions/{number}/actions/{stage}/{action}/exec",
            "GET /api/v1/projects/{project}/executions/{number}/actions/{stage}/{action}/log",
            "GET /api/v1/projects/{project}/executions/{number}/artifacts/{artifact}",
            "GET /api/v1/projects/{project}/executions/{number}/manifests",
            "GET /api/v1/webhook-allows",
            "PATCH /api/v1/projects/{project}/remote",
            "POST /api/v1/clusters",
            "POST /api/v1/deliveries/{delivery}/replay",
            "POST /api/v1/gc",
            "POST /api/v1/projects",
            "POST /api/v1/projects/{project}/executions",
            "POST /api/v1/projects/{project}/executions/{number}/cancel",
            "POST /api/v1/projects/{project}/webhook",
            "POST /api/v1/projects/{project}/webhook/secret",
            "POST /api/v1/webhook-allows",
            "PUT /api/v1/projects/{project}/build-place",
        ]
    );
}

/// Each documented route is answered by its handler: an unknown parameter is its own error, which the
/// fallback does not know. And every method that is not documented is refused.
#[tokio::test]
async fn the_router_answers_what_the_document_says_and_nothing_else() {
    let server = Server::start().await;
    let documented = documented();
    let paths: BTreeSet<&String> = documented.iter().map(|(_, path)| path).collect();
    for path in paths {
        let real = path
            .replace("{project}", "hello")
            .replace("{number}", "1")
            .replace("{cluster}", "local")
            .replace("{delivery}", "1")
            .replace(['{', '}'], "");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let known = documented.contains(&(method.to_owned(), path.clone()));
            let method: Method = method.parse().unwrap();
            let request = server.authorised(method.clone(), &format!("{real}?surprise=1"));
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let text = response.text().await.unwrap();
            if known {
                assert_eq!(status, 400, "{method} {path}: {text}");
                assert!(text.contains("bad_parameter"), "{method} {path}: {text}");
            } else {
                assert_eq!(status, 405, "{method} {path}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let server = Server::start().await;
    let document = server.json("/api/openapi.json").await;
    assert_eq!(document["info"]["title"], "Towpath");
    assert_eq!(document, serde_json::to_value(openapi()).unwrap());
}
