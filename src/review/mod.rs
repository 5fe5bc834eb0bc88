//! The technician's review page: a server on loopback that shows what would be written, takes corrections, and writes what
//! was approved.
//!
//! ```text
//! cli ─▶ Session (files, plans made in the background, pictures)   session, files, plans, pictures, album, render
//!          ├─ Log (what people did, in a state folder or a job)    log, state, store
//!          ├─ items of a file = its plan + active edits            items, edits, deeds, group, templates
//!          ├─ what the page is told                                told, sample
//!          └─ decide ─▶ Engine::carry_out                          decide
//!                └─ or, for a job, its runner                      job
//! Server ─▶ guard ─▶ routes ─▶ Session                             guard, routes, requests, api, fault, assets
//! ```
//!
//! The only module that opens a socket, and only on 127.0.0.1. Ids in addresses are opaque; no path comes from a client.
//! Pixels, header values and texts that were read stay in memory and in answers; on disk are rectangles, reasons and what
//! people typed.

mod album;
pub mod api;
pub mod assets;
mod clock;
mod decide;
mod deeds;
mod edits;
mod fault;
mod files;
mod group;
pub mod guard;
mod items;
pub mod job;
mod log;
mod lru;
mod pictures;
mod plans;
mod render;
mod requests;
pub mod routes;
pub mod sample;
mod server;
pub mod session;
mod state;
mod store;
mod templates;
mod told;

pub use files::Work;
pub use server::{Server, Settings};
pub use session::{Options, Session};
pub use store::StateFolder;
