//! Support for the tests: the test world, its databases, clients, receivers and programs.

pub mod certificate;
pub mod client;
pub mod concurrency;
pub mod console;
pub mod document;
pub mod durable_postgres;
pub mod html;
pub mod numbers;
pub mod oidc_provider;
pub mod page;
pub mod phone_com;
pub mod private_postgres;
pub mod program;
pub mod property_test;
pub mod raw_http;
pub mod receiver;
pub mod scim;
pub mod second_server;
pub mod shared_postgres;
pub mod sse;
pub mod tcp_receiver;
pub mod terminal;
pub mod ucwa;
pub mod wait;
pub mod webhook_worker;
pub mod world;
