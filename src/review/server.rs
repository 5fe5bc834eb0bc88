//! The server: one socket on loopback, until nobody uses it any more or it is told to end.

use super::guard::{self, Guard};
use super::routes;
use super::session::Session;
use crate::error::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the server looks whether it should end.
const TICK: Duration = Duration::from_millis(200);
/// Threads that speak to browsers; pictures and edits have others.
const NETWORK_THREADS: usize = 2;
/// Threads that make pictures before they are asked for.
const PICTURE_THREADS: usize = 2;
/// How long requests under way may take when the server ends.
const GRACE: Duration = Duration::from_secs(30);

/// How the server listens.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Port; 0 takes any free one.
    pub port: u16,
    /// Ends when nothing was asked for so long.
    pub idle: Duration,
}

/// A socket that listens, not answering yet.
pub struct Server {
    listener: std::net::TcpListener,
    guard: Arc<Guard>,
    idle: Duration,
}

impl Server {
    /// Takes a port on 127.0.0.1 and draws the secrets.
    ///
    /// # Errors
    /// [`Error::Io`] where the port is taken, [`Error::Config`] without random bytes.
    pub fn bind(settings: Settings) -> Result<Server> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
        let fail = |source| Error::Io {
            action: "listening",
            path: PathBuf::from(address.to_string()),
            source,
        };
        let listener = std::net::TcpListener::bind(address).map_err(fail)?;
        listener.set_nonblocking(true).map_err(fail)?;
        let port = listener.local_addr().map_err(fail)?.port();
        let guard = Guard::new(port)
            .map_err(|e| Error::Config(format!("the system gives no random bytes: {e}")))?;
        Ok(Server {
            listener,
            guard: Arc::new(guard),
            idle: settings.idle,
        })
    }

    /// The address to open, with its one-time token.
    pub fn address(&self) -> String {
        self.guard.address()
    }

    /// Answers until `drain` becomes true or nothing was asked for long enough; then ends the session's work.
    ///
    /// # Errors
    /// [`Error::Io`] where the system does not let it listen.
    pub fn run(self, session: Session, drain: &Arc<AtomicBool>) -> Result<Arc<Session>> {
        let session = Arc::new(session);
        let fail = |source| Error::Io {
            action: "running the server",
            path: PathBuf::from("127.0.0.1"),
            source,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(NETWORK_THREADS)
            .enable_io()
            .enable_time()
            .build()
            .map_err(fail)?;
        let mut threads = Vec::new();
        let planner = Arc::clone(&session);
        threads.push(std::thread::spawn(move || planner.make_plans()));
        for _ in 0..PICTURE_THREADS {
            let painter = Arc::clone(&session);
            threads.push(std::thread::spawn(move || painter.make_pictures()));
        }
        let app = routes::router(Arc::clone(&session)).layer(axum::middleware::from_fn_with_state(
            Arc::clone(&self.guard),
            guard::stand,
        ));
        let (drain, guard, idle) = (Arc::clone(drain), Arc::clone(&self.guard), self.idle);
        let ended = async move {
            loop {
                tokio::time::sleep(TICK).await;
                let idle_ms = super::clock::now_ms().saturating_sub(guard.last_ms());
                if drain.load(Ordering::SeqCst) || idle_ms > idle.as_millis() as i64 {
                    return;
                }
            }
        };
        let listener = self.listener;
        let served = runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let (tell, told) = tokio::sync::oneshot::channel::<()>();
            let ended = async move {
                ended.await;
                let _ = tell.send(());
            };
            let server = axum::serve(listener, app).with_graceful_shutdown(ended);
            let mut server = std::pin::pin!(server.into_future());
            let late = async move {
                let _ = told.await;
                tokio::time::sleep(GRACE).await;
            };
            let mut late = std::pin::pin!(late);
            // Connections that a browser keeps open must not keep the server.
            std::future::poll_fn(move |context| {
                use std::task::Poll;
                if let Poll::Ready(done) = server.as_mut().poll(context) {
                    return Poll::Ready(done);
                }
                late.as_mut().poll(context).map(Ok)
            })
            .await
        });
        session.end();
        runtime.shutdown_timeout(GRACE);
        for thread in threads {
            // A thread that panicked has told so; the rest of the session is sound.
            let _ = thread.join();
        }
        served.map_err(fail)?;
        Ok(session)
    }
}
