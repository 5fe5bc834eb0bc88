//! Why a request was not done: a status, a code for programs, a sentence for people. It never holds what was read.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    status: StatusCode,
    /// For programs.
    pub code: &'static str,
    /// For people, one sentence.
    pub error: String,
    /// The present edit version, where somebody else edited.
    version: Option<u64>,
}

impl Fault {
    fn new(status: StatusCode, code: &'static str, error: impl Into<String>) -> Fault {
        Fault {
            status,
            code,
            error: error.into(),
            version: None,
        }
    }

    /// There is no such thing.
    pub fn not_found() -> Fault {
        Fault::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "there is no such thing here",
        )
    }

    /// The request makes no sense; `code` says which part.
    pub fn bad(code: &'static str, error: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, code, error)
    }

    /// A guard stopped it.
    pub fn refused(code: &'static str, error: impl Into<String>) -> Fault {
        Fault::new(StatusCode::FORBIDDEN, code, error)
    }

    /// Somebody else was faster.
    pub fn conflict(version: u64) -> Fault {
        Fault {
            version: Some(version),
            ..Fault::new(
                StatusCode::CONFLICT,
                "conflict",
                "somebody else changed this file meanwhile; look at it again",
            )
        }
    }

    /// The plan is not there yet.
    pub fn planning() -> Fault {
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "planning",
            "this file is still being searched",
        )
    }

    /// The picture or object cannot be shown.
    pub fn unshown(reason: &str) -> Fault {
        Fault::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "cannot-be-shown",
            format!("this file cannot be shown: {reason}"),
        )
    }

    /// The body is too large.
    pub fn too_large() -> Fault {
        Fault::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "the request is too large",
        )
    }

    /// Only GET and POST.
    pub fn method() -> Fault {
        Fault::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "only GET and POST are answered",
        )
    }

    /// A fault of ours or of the disk.
    pub fn internal(error: impl Into<String>) -> Fault {
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error)
    }
}

impl From<crate::error::Error> for Fault {
    fn from(error: crate::error::Error) -> Fault {
        Fault::internal(error.to_string())
    }
}

impl From<crate::outcome::Refusal> for Fault {
    fn from(refusal: crate::outcome::Refusal) -> Fault {
        Fault::unshown(refusal.reason.code())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.error, "code": self.code});
        if let (Some(version), Some(map)) = (self.version, body.as_object_mut()) {
            map.insert("version".into(), version.into());
        }
        (self.status, Json(body)).into_response()
    }
}
