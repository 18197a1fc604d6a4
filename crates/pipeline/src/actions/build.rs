use super::context::Context;
use super::{ActionError, Done};

pub(super) async fn run(_context: &mut Context<'_>) -> Result<Done, ActionError> {
    Err(ActionError::Invalid(
        "workspaces are on their way".to_owned(),
    ))
}
