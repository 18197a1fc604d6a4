use std::time::SystemTime;

use towpath_model::Timestamp;

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}
