use towpath_model::{Diagnostic, Location};

/// Whether kustomize takes a file of this path for a kustomization, whatever it holds (kustomize,
/// `konfig.RecognizedKustomizationFileNames`).
pub fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    matches!(
        name,
        "kustomization.yaml" | "kustomization.yml" | "Kustomization"
    )
}

pub(super) fn not_rendered(place: Location) -> Diagnostic {
    Diagnostic::new(place, "a kustomization is not an object").help(
        "name the file kustomization.yaml and put it at the top of k8s/, so that it is rendered",
    )
}
