use towpath_model::Diagnostic;

use crate::chart::Chart;
use crate::kustomization::At;
use crate::loader::Loader;
use crate::objects;
use crate::resource::Resource;

/// What helm has rendered for a chart (upstream's `HelmChartInflationGenerator`).
///
/// # Errors
/// When nobody has rendered it, or when something else than objects was rendered.
pub(crate) fn chart(chart: &At<Chart>, loader: &Loader<'_>) -> Result<Vec<Resource>, Diagnostic> {
    let name = &chart.value.name;
    let Some(rendered) = loader.rendered(chart) else {
        if loader.notes_charts() {
            return Ok(Vec::new());
        }
        let message = format!("the helm chart `{name}` is not rendered");
        return Err(Diagnostic::new(chart.at.clone(), message)
            .help("only `towpath kustomize build --enable-helm` runs helm; elsewhere, name what it prints in `resources`"));
    };
    let mut objects = objects::read(&format!("{}: chart {name}, rendered", chart.at), rendered)?;
    for object in &mut objects {
        loader.note_type(object);
        object.scopes = loader.scopes().cloned();
        object.note();
        object.history.from_helm = true;
    }
    Ok(objects)
}
