//! Errors in the specification's form ("Error Codes").

use http::{Response, StatusCode};
use towpath_store::StoreError;

use super::body::{self, Body};
use crate::registry::RegistryError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    BlobUnknown,
    BlobUploadInvalid,
    BlobUploadUnknown,
    DigestInvalid,
    ManifestBlobUnknown,
    ManifestInvalid,
    ManifestUnknown,
    NameInvalid,
    NameUnknown,
    SizeInvalid,
    TooManyRequests,
    /// A chunk that does not follow the one before.
    RangeInvalid,
    ManifestTooLarge,
    PaginationInvalid,
    NoSuchPath,
    Unsupported,
    DiskFull,
    Internal,
}

impl Code {
    fn wire(self) -> (&'static str, StatusCode) {
        match self {
            Code::BlobUnknown => ("BLOB_UNKNOWN", StatusCode::NOT_FOUND),
            Code::BlobUploadInvalid => ("BLOB_UPLOAD_INVALID", StatusCode::BAD_REQUEST),
            Code::BlobUploadUnknown => ("BLOB_UPLOAD_UNKNOWN", StatusCode::NOT_FOUND),
            Code::DigestInvalid => ("DIGEST_INVALID", StatusCode::BAD_REQUEST),
            Code::ManifestBlobUnknown => ("MANIFEST_BLOB_UNKNOWN", StatusCode::BAD_REQUEST),
            Code::ManifestInvalid => ("MANIFEST_INVALID", StatusCode::BAD_REQUEST),
            Code::ManifestUnknown => ("MANIFEST_UNKNOWN", StatusCode::NOT_FOUND),
            Code::NameInvalid => ("NAME_INVALID", StatusCode::BAD_REQUEST),
            Code::NameUnknown => ("NAME_UNKNOWN", StatusCode::NOT_FOUND),
            Code::SizeInvalid => ("SIZE_INVALID", StatusCode::BAD_REQUEST),
            Code::TooManyRequests => ("TOOMANYREQUESTS", StatusCode::TOO_MANY_REQUESTS),
            Code::RangeInvalid => ("BLOB_UPLOAD_INVALID", StatusCode::RANGE_NOT_SATISFIABLE),
            Code::ManifestTooLarge => ("MANIFEST_INVALID", StatusCode::PAYLOAD_TOO_LARGE),
            Code::PaginationInvalid => ("PAGINATION_NUMBER_INVALID", StatusCode::BAD_REQUEST),
            Code::NoSuchPath => ("UNSUPPORTED", StatusCode::NOT_FOUND),
            Code::Unsupported => ("UNSUPPORTED", StatusCode::METHOD_NOT_ALLOWED),
            Code::DiskFull => ("UNKNOWN", StatusCode::INSUFFICIENT_STORAGE),
            Code::Internal => ("UNKNOWN", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct HttpError {
    code: Code,
    message: String,
}

impl HttpError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.code.wire().1.is_server_error()
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let (code, status) = self.code.wire();
        // What failed inside is for the log: it may name paths of the server.
        let message = match self.code {
            Code::Internal => "the registry failed; its log says why".to_owned(),
            _ => self.message,
        };
        error_response(status, code, &message)
    }
}

/// What a client without (right) credentials is told, so that it sends a password.
pub fn unauthorized(realm: &str) -> Response<Body> {
    let message = "log in with any user name and an access token as the password";
    let mut response = error_response(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message);
    let realm = realm.replace(['"', '\\'], "");
    body::set(
        &mut response,
        "www-authenticate",
        format!("Basic realm=\"{realm}\""),
    );
    response
}

fn error_response(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let errors = serde_json::json!({ "errors": [{ "code": code, "message": message }] });
    body::json(status, &errors)
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            error if error.is_disk_full() => {
                return Self::new(Code::DiskFull, "the registry's disk is full");
            }
            StoreError::WrongDigest { .. } => Code::DigestInvalid,
            StoreError::NoBlob(_) => Code::BlobUnknown,
            _ => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<RegistryError> for HttpError {
    fn from(error: RegistryError) -> Self {
        let code = match error {
            RegistryError::Store(error) => return error.into(),
            RegistryError::Manifest(_) => Code::ManifestInvalid,
            RegistryError::BlobUnknown(..) | RegistryError::ManifestUnknown(..) => {
                Code::ManifestBlobUnknown
            }
            RegistryError::SizeMismatch { .. } => Code::SizeInvalid,
            RegistryError::DigestMismatch { .. } => Code::DigestInvalid,
            RegistryError::Reference(_)
            | RegistryError::Config { .. }
            | RegistryError::LayerType(..)
            | RegistryError::NoPlatform { .. } => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}
