//! Every address that is answered, in one table.

use super::album::{Asked, What};
use super::api::{DecideAnswer, Named, Refused};
use super::assets::ASSETS;
use super::fault::Fault;
use super::guard::MOST_BODY_BYTES;
use super::pictures::{LIST_THUMB, THUMB_SIDES};
use super::requests::{
    DecideRequest, EditRequest, GroupApproveRequest, GroupEditRequest, ShownRequest,
    TemplateRequest, VersionRequest,
};
use super::session::Session;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

type App = Arc<Session>;
type Fields = Query<HashMap<String, String>>;

/// Method, path and answer of every route.
fn table() -> Vec<(&'static str, &'static str, MethodRouter<App>)> {
    let mut table: Vec<(&'static str, &'static str, MethodRouter<App>)> = vec![
        ("GET", "/api/session", get(session)),
        ("POST", "/api/reviewer", post(reviewer)),
        ("GET", "/api/files", get(files)),
        ("GET", "/api/files/{id}", get(detail)),
        ("GET", "/api/files/{id}/thumb.png", get(thumb)),
        ("GET", "/api/files/{id}/frame/{name}", get(frame)),
        ("GET", "/api/files/{id}/projection.png", get(projection)),
        ("GET", "/api/files/{id}/items/{item}/text", get(text)),
        ("POST", "/api/files/{id}/shown", post(shown)),
        ("POST", "/api/files/{id}/view/{view}", post(view)),
        ("POST", "/api/files/{id}/edit", post(edit)),
        ("POST", "/api/files/{id}/undo", post(undo)),
        ("POST", "/api/files/{id}/redo", post(redo)),
        ("POST", "/api/files/{id}/decide", post(decide)),
        ("POST", "/api/files/{id}/template", post(template)),
        ("POST", "/api/group/edit", post(group_edit)),
        ("POST", "/api/group/approve", post(group_approve)),
    ];
    for &(path, media, content) in ASSETS {
        let answer = move || async move { ([(CONTENT_TYPE, media)], content) };
        table.push(("GET", path, get(answer)));
    }
    table
}

/// Method and path of every route, for tests that walk them all.
pub fn routes() -> Vec<(&'static str, &'static str)> {
    table().into_iter().map(|(m, p, _)| (m, p)).collect()
}

/// The routes of a session, without their guard.
pub fn router(session: App) -> Router {
    let routes = table().into_iter();
    routes
        .fold(Router::new(), |router, (_, path, answer)| {
            router.route(path, answer)
        })
        .fallback(|| async { Fault::not_found() })
        .method_not_allowed_fallback(|| async { Fault::method() })
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .with_state(session)
}

/// Runs work that takes its time off the network's threads.
async fn work<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(run).await {
        Ok(result) => result,
        Err(_) => Err(Fault::internal("a fault of this program")),
    }
}

fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Fault> {
    serde_json::from_slice(bytes)
        .map_err(|_| Fault::bad("bad-request", "the body is not what this address takes"))
}

fn picture(bytes: Arc<Vec<u8>>) -> Response {
    ([(CONTENT_TYPE, "image/png")], bytes.as_ref().clone()).into_response()
}

async fn session(State(app): State<App>) -> impl IntoResponse {
    Json(app.info())
}

async fn reviewer(State(app): State<App>, bytes: Bytes) -> Result<Response, Fault> {
    let Named { name } = body(&bytes)?;
    app.set_reviewer(&name)?;
    Ok(Json(json!({"name": app.reviewer()})).into_response())
}

async fn files(State(app): State<App>, Query(fields): Fields) -> Result<Response, Fault> {
    work(move || {
        let filters = ["group", "study", "equipment"].map(|f| fields.get(f));
        let asked = filters.iter().any(Option::is_some);
        let mut rows = Vec::new();
        for file in 0..app.len() {
            let f = app.file(file)?;
            let have = [f.series.as_ref(), f.study.as_ref(), Some(&f.equipment)];
            let fits = filters.iter().zip(have);
            if fits
                .into_iter()
                .all(|(want, have)| want.is_none() || *want == have)
            {
                rows.push(app.row(file, asked)?);
            }
        }
        Ok(Json(json!({"files": rows})).into_response())
    })
    .await
}

async fn detail(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Result<Response, Fault> {
    work(move || {
        let file = app.find(&id)?;
        let next = match fields.get("next") {
            Some(next) => app.find(next).ok(),
            None => Some(file + 1).filter(|n| *n < app.len()),
        };
        app.expect_opened(file, next);
        app.open_file(file)?;
        Ok(Json(app.detail(file)?).into_response())
    })
    .await
}

/// How a picture is asked for; fields that nobody knows are left alone.
fn asked(fields: &HashMap<String, String>) -> Result<Asked, Fault> {
    let on = |name: &str| matches!(fields.get(name).map(String::as_str), Some("1" | "true"));
    let number = |name: &str| -> Result<Option<f64>, Fault> {
        let Some(text) = fields.get(name) else {
            return Ok(None);
        };
        let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
        let number = number.ok_or_else(|| Fault::bad("bad-request", "not a number"))?;
        Ok(Some(number))
    };
    let window = match (number("center")?, number("width")?) {
        (Some(center), Some(width)) => Some((center.to_bits(), width.to_bits())),
        _ => None,
    };
    Ok(Asked {
        original: fields.get("side").is_some_and(|s| s == "original"),
        view: fields.get("view").filter(|v| !v.is_empty()).cloned(),
        window,
        invert: on("invert"),
        stretch: on("stretch"),
    })
}

async fn frame(
    State(app): State<App>,
    Path((id, name)): Path<(String, String)>,
    Query(fields): Fields,
) -> Result<Response, Fault> {
    work(move || {
        let file = app.find(&id)?;
        let number = name.strip_suffix(".png").and_then(|n| n.parse().ok());
        let number: u32 = number.ok_or_else(Fault::not_found)?;
        let asked = asked(&fields)?;
        let shown = app.picture(file, What::Frame(number), &asked)?;
        app.expect(file, number, &asked);
        if !asked.original {
            app.shown(file, None)?;
        }
        Ok(picture(shown))
    })
    .await
}

async fn projection(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Result<Response, Fault> {
    work(move || {
        let file = app.find(&id)?;
        let asked = asked(&fields)?;
        let shown = app.picture(file, What::Projection, &asked)?;
        if !asked.original {
            app.shown(file, None)?;
        }
        Ok(picture(shown))
    })
    .await
}

async fn thumb(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(fields): Fields,
) -> Result<Response, Fault> {
    work(move || {
        let file = app.find(&id)?;
        let side: u32 = match fields.get("size") {
            Some(text) => text
                .parse()
                .map_err(|_| Fault::bad("bad-request", "not a number"))?,
            None => LIST_THUMB,
        };
        let side = side.clamp(*THUMB_SIDES.start(), *THUMB_SIDES.end());
        let asked = Asked {
            original: fields.get("masked").is_none_or(|m| m != "1"),
            ..Asked::default()
        };
        Ok(picture(app.picture(file, What::Thumb(side), &asked)?))
    })
    .await
}

async fn text(
    State(app): State<App>,
    Path((id, item)): Path<(String, String)>,
) -> Result<Response, Fault> {
    work(move || {
        let file = app.find(&id)?;
        Ok(Json(json!({"text": app.text(file, &item)?})).into_response())
    })
    .await
}

async fn shown(
    State(app): State<App>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Fault> {
    work(move || {
        let ShownRequest { version } = body(&bytes)?;
        let file = app.find(&id)?;
        app.shown(file, version)?;
        Ok(Json(app.row(file, false)?).into_response())
    })
    .await
}

async fn view(
    State(app): State<App>,
    Path((id, view)): Path<(String, String)>,
) -> Result<Response, Fault> {
    work(move || {
        let file = app.find(&id)?;
        app.view_opened(file, &view)?;
        Ok(Json(json!({"unopened": app.detail(file)?.unopened})).into_response())
    })
    .await
}

async fn edit(
    State(app): State<App>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Fault> {
    work(move || {
        let EditRequest { version, edits } = body(&bytes)?;
        let file = app.find(&id)?;
        app.edit(file, version, edits)?;
        Ok(Json(app.detail(file)?).into_response())
    })
    .await
}

async fn undo(app: State<App>, id: Path<String>, bytes: Bytes) -> Result<Response, Fault> {
    step(app, id, bytes, true).await
}

async fn redo(app: State<App>, id: Path<String>, bytes: Bytes) -> Result<Response, Fault> {
    step(app, id, bytes, false).await
}

async fn step(
    State(app): State<App>,
    Path(id): Path<String>,
    bytes: Bytes,
    back: bool,
) -> Result<Response, Fault> {
    work(move || {
        let VersionRequest { version } = body(&bytes)?;
        let file = app.find(&id)?;
        app.step(file, version, back)?;
        Ok(Json(app.detail(file)?).into_response())
    })
    .await
}

async fn decide(
    State(app): State<App>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Fault> {
    work(move || {
        let request: DecideRequest = body(&bytes)?;
        let file = app.find(&id)?;
        let result = app.decide(file, request)?;
        let row = app.row(file, false)?;
        Ok(Json(DecideAnswer { row, result }).into_response())
    })
    .await
}

async fn template(
    State(app): State<App>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Fault> {
    work(move || {
        let TemplateRequest { version, name } = body(&bytes)?;
        let file = app.find(&id)?;
        let name = app.remember(file, version, name.as_deref())?;
        Ok(Json(Named { name }).into_response())
    })
    .await
}

async fn group_edit(State(app): State<App>, bytes: Bytes) -> Result<Response, Fault> {
    work(move || {
        let GroupEditRequest { files, edits } = body(&bytes)?;
        let (applied, refused): (Vec<String>, Vec<Refused>) = app.edit_group(&files, &edits)?;
        Ok(Json(json!({"applied": applied, "refused": refused})).into_response())
    })
    .await
}

async fn group_approve(State(app): State<App>, bytes: Bytes) -> Result<Response, Fault> {
    work(move || {
        let GroupApproveRequest {
            files,
            confirmed_unopened,
        } = body(&bytes)?;
        let (approved, refused) = app.approve_group(&files, confirmed_unopened);
        Ok(Json(json!({"approved": approved, "refused": refused})).into_response())
    })
    .await
}
