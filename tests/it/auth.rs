//! Authentication and authorization of each dialect.

mod phone_com;
mod phone_com_scopes;
mod phone_com_token_details;
mod seam;
mod sign_in_spellings;
mod ucwa_sign_in;
mod ucwa_user_identity;
