//! The domain as plain types and pure rules, without wire formats, database or clock. Dialects and store exchange these
//! types.

pub mod application;
pub mod audit;
pub mod client_session;
pub mod contact;
pub mod credential;
pub mod directory;
pub mod e164;
pub mod event;
pub mod extension;
pub mod id;
pub mod instant_key;
pub mod limits;
pub mod listing;
pub mod metadata;
pub mod number;
pub mod operator;
pub mod page;
pub mod password;
pub mod phone;
pub mod presence;
pub mod scim;
pub mod scope;
pub mod search;
pub mod slot;
pub mod slot_number;
pub mod subscriber;
pub mod text;
pub mod timeline;
pub mod token;
pub mod user_identity;
pub mod webhook;
pub mod workspace;
