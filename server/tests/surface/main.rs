//! The surface that people and programs see, over HTTP, against a server in this process.

mod access;
mod api;
mod logs;
mod pages;
mod setup;
