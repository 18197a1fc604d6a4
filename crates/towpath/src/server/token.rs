use std::time::SystemTime;

use anyhow::Result;
use towpath_store::Store;

use super::Config;
use crate::credentials::write_private;

/// Makes the admin token at the first start, or when asked to, and writes it to the token file.
pub async fn ensure(store: &Store, config: &Config) -> Result<Option<String>> {
    let now = SystemTime::now().into();
    let token = match config.new_token {
        true => Some(store.replace_admin_token(now).await?),
        false => store.ensure_admin_token(now).await?,
    };
    if let (Some(token), Some(file)) = (&token, &config.token_file) {
        write_private(file, format!("{token}\n").as_bytes())?;
    }
    Ok(token)
}
