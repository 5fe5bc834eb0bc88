//! What a request must be before anything looks at it: from this page, in this browser, on this machine.
//!
//! In this order: the host is ours (no other name leads here: DNS rebinding), the method is GET or POST, the origin is ours
//! where one is told, the browser does not say that another site asks, the one-time token is exchanged for a cookie that
//! only this site sends, the cookie is right, a POST carries the header that no form and no other site can add and has a
//! JSON body within bounds. Every answer carries the headers that keep the page in its box.

use super::fault::Fault;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION,
    ORIGIN, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Largest body of a request.
pub const MOST_BODY_BYTES: usize = 1 << 20;
/// Header that writes must carry.
const CUSTOM: HeaderName = HeaderName::from_static("x-unburn");
/// What the browser says about who asks (Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What the page may do.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The secrets of one server.
pub struct Guard {
    port: u16,
    token: String,
    cookie: String,
    spent: AtomicBool,
    last_ms: AtomicI64,
}

impl Guard {
    /// Draws new secrets.
    ///
    /// # Errors
    /// What the system says where it gives no random bytes.
    pub fn new(port: u16) -> Result<Guard, getrandom::Error> {
        Ok(Guard {
            port,
            token: secret()?,
            cookie: secret()?,
            spent: AtomicBool::new(false),
            last_ms: AtomicI64::new(super::clock::now_ms()),
        })
    }

    /// The address that is printed, once.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?t={}", self.port, self.token)
    }

    /// Unix time of the last request that got through, milliseconds.
    pub fn last_ms(&self) -> i64 {
        self.last_ms.load(Ordering::Relaxed)
    }

    fn cookie_name(&self) -> String {
        // Cookies are shared by all ports of a host: two servers must not take each other's.
        format!("unburn-{}", self.port)
    }

    /// Lets a request through, answers it, or says why not.
    fn check(&self, request: &Request) -> Result<Option<Response>, Fault> {
        let headers = request.headers();
        let host = only(headers, &HOST).ok_or_else(host_fault)?;
        let names = [
            format!("127.0.0.1:{}", self.port),
            format!("localhost:{}", self.port),
        ];
        if !names.iter().any(|n| n == host) {
            return Err(host_fault());
        }
        let method = request.method();
        if *method != Method::GET && *method != Method::POST {
            return Err(Fault::method());
        }
        if headers.contains_key(ORIGIN) && only(headers, &ORIGIN) != Some(&format!("http://{host}"))
        {
            return Err(Fault::refused("origin", "another site asks"));
        }
        if headers.contains_key(FETCH_SITE)
            && !matches!(only(headers, &FETCH_SITE), Some("same-origin" | "none"))
        {
            return Err(Fault::refused("origin", "another site asks"));
        }
        if let Some(token) = token_of(request) {
            let fits = same(token.as_bytes(), self.token.as_bytes());
            if *method == Method::GET && fits && !self.spent.swap(true, Ordering::SeqCst) {
                return Ok(Some(self.welcome()));
            }
            return Err(session_fault());
        }
        let name = self.cookie_name();
        let cookies = headers.get_all(COOKIE).iter();
        let pairs = cookies
            .filter_map(|c| c.to_str().ok())
            .flat_map(|c| c.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(n, _)| *n == name);
        if !ours.any(|(_, value)| same(value.as_bytes(), self.cookie.as_bytes())) {
            return Err(session_fault());
        }
        if *method == Method::POST {
            if only(headers, &CUSTOM) != Some("1") {
                return Err(Fault::refused("header", "the header X-Unburn is missing"));
            }
            let media = only(headers, &CONTENT_TYPE).unwrap_or_default();
            let media = media.split(';').next().unwrap_or_default().trim();
            if !media.eq_ignore_ascii_case("application/json") {
                return Err(Fault::refused("content-type", "the body must be JSON"));
            }
        }
        let length = only(headers, &CONTENT_LENGTH).and_then(|n| n.parse::<u64>().ok());
        if length.is_some_and(|n| n > MOST_BODY_BYTES as u64) {
            return Err(Fault::too_large());
        }
        self.last_ms
            .store(super::clock::now_ms(), Ordering::Relaxed);
        Ok(None)
    }

    /// The cookie for the token.
    fn welcome(&self) -> Response {
        let cookie = format!(
            "{}={}; HttpOnly; SameSite=Strict; Path=/",
            self.cookie_name(),
            self.cookie
        );
        self.last_ms
            .store(super::clock::now_ms(), Ordering::Relaxed);
        (
            StatusCode::SEE_OTHER,
            [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)],
        )
            .into_response()
    }
}

/// Stands before every route, also before those that do not exist.
pub async fn stand(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.check(&request) {
        Ok(Some(answer)) => answer,
        Ok(None) => next.run(request).await,
        Err(fault) => fault.into_response(),
    };
    let fixed = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The header's value, where it stands exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

/// The token in the address, where there is one.
fn token_of(request: &axum::http::Request<Body>) -> Option<String> {
    let uri = request.uri();
    if uri.path() != "/" {
        return None;
    }
    let mut fields = uri.query()?.split('&');
    fields.find_map(|f| f.strip_prefix("t=").map(str::to_owned))
}

/// Compares in a time that does not depend on where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    let differences = a.iter().zip(b).fold(0u8, |d, (x, y)| d | (x ^ y));
    a.len() == b.len() && std::hint::black_box(differences) == 0
}

fn host_fault() -> Fault {
    Fault::refused("host", "this server answers to its own address only")
}

fn session_fault() -> Fault {
    Fault::refused(
        "session",
        "open the address that the server printed when it started",
    )
}

/// 256 random bits, hex.
fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing_secrets_is_exact() {
        assert!(same(b"abc", b"abc"));
        assert!(!same(b"abc", b"abd"));
        assert!(!same(b"abc", b"ab"));
        assert!(!same(b"", b"a"));
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let (a, b) = (secret().unwrap(), secret().unwrap());
        assert_eq!(a.len(), 64);
        assert_ne!(a, b);
    }
}
